/**
 * The page itself: goes on byte for byte up to its end tag, or the end of the fence around it.
 *
 * Only this is held back: a line that may be the closing fence; at the document's very beginning, a
 * tag that may open reasoning; and, where reasoning is shown, the tag before which it is put.
 */

import { GREATER, isLetter, isSpace, LESS, SLASH } from './characters.ts';
import { ClosingFence, type Fence, VERDICT } from './fence.ts';
import { HtmlState, TOKEN } from './html-state.ts';
import { OpenElements } from './open-elements.ts';
import { opensReasoning, type Reasoning, ReasoningBlock } from './reasoning.ts';
import { reasoningDetails } from './wrapper.ts';

export interface DocumentOptions {
  readonly fence: Fence | undefined;
  /** Whether reasoning may still come, before anything of the document's content. */
  readonly atStart: boolean;
  readonly reasoning: Reasoning;
  readonly showReasoning: boolean;
}

/** `<reasoning>`, `</body` and `</html` fit in. */
const TAG_MAX = 12;
/** Tags that leave a document at its start. */
const OUTER: ReadonlySet<string> = new Set(['html', 'head', 'body']);

export class DocumentText {
  readonly #state = new HtmlState();
  readonly #elements = new OpenElements();
  readonly #fence: ClosingFence | undefined;
  readonly #reasoning: Reasoning;
  #showReasoning: boolean;
  #atStart: boolean;
  #block: ReasoningBlock | undefined;
  /** A tag that is looked at before it goes out. */
  #tag = '';
  #ended = false;
  #closedItself = false;

  constructor(options: DocumentOptions) {
    this.#atStart = options.atStart;
    this.#reasoning = options.reasoning;
    this.#showReasoning = options.showReasoning;
    if (options.fence !== undefined) {
      const endsHere = (): boolean => this.#elements.depth === 0;
      this.#fence = new ClosingFence(options.fence, { endsHere, inline: true });
    }
  }

  get held(): number {
    return this.#tag.length + (this.#fence?.held ?? 0);
  }

  /** Whether the document's own `</html>` has gone out. */
  get closedItself(): boolean {
    return this.#closedItself;
  }

  /** Whether reasoning began where the content should, and has not ended. */
  get isReasoning(): boolean {
    return this.#block !== undefined;
  }

  push(text: string): string {
    let out = '';
    let from = 0;
    let at = 0;
    while (at < text.length && !this.#ended) {
      const character = text.charAt(at);
      if (this.#block !== undefined) {
        if (this.#block.step(character)) this.#block = undefined;
        at += 1;
        from = at;
      } else if (this.#tag !== '') {
        const looked = this.#look(character);
        // Its last character, if it was not needed, is looked at once more.
        if (looked.taken) at += 1;
        out += looked.out;
        from = at;
      } else {
        const verdict = this.#fence?.step(character, this.#state.inText) ?? VERDICT.pass;
        if (verdict === VERDICT.release) {
          out += this.#fence?.takeHeld() ?? '';
          from = at;
        } else if (verdict === VERDICT.pass && !this.#looksAt(character)) {
          this.#advance(character.charCodeAt(0));
          at += 1;
        } else {
          out += text.slice(from, at);
          at += 1;
          from = at;
          if (verdict === VERDICT.pass) this.#tag = character;
          if (verdict === VERDICT.close) this.#endAtFence();
        }
      }
    }
    return from < at ? out + text.slice(from, at) : out;
  }

  /** What was held and belongs to the page; then nothing more comes of it. */
  finish(): string {
    let out = this.#replay(this.#tag);
    this.#tag = '';
    if (!this.#ended) out += this.#fence?.finish() ?? '';
    this.#ended = true;
    return out;
  }

  /** The reasoning, where it is shown and has not gone out yet. */
  details(): string {
    if (!this.detailsAreDue) return '';
    this.#showReasoning = false;
    return reasoningDetails(this.#reasoning.text);
  }

  /** Closes whatever is open, from the innermost thing out. */
  closeAll(): string {
    let out = '';
    for (let closer = this.#state.closer(); closer !== ''; closer = this.#state.closer()) {
      out += this.#replay(closer);
    }
    return out + this.#elements.closeAll();
  }

  #endAtFence(): void {
    this.#fence?.takeHeld();
    this.#ended = true;
  }

  #looksAt(character: string): boolean {
    return character === '<' && this.#state.inText && (this.#atStart || this.detailsAreDue);
  }

  /** One more character of a tag that is looked at. */
  #look(character: string): { readonly out: string; readonly taken: boolean } {
    const code = character.charCodeAt(0);
    if ((isLetter(code) || code === SLASH) && this.#tag.length < TAG_MAX) {
      this.#tag += character;
      return { out: '', taken: true };
    }
    const text = this.#tag;
    const tag = text.toLowerCase();
    this.#tag = '';
    if (this.#atStart && code === GREATER && opensReasoning(`${tag}>`)) {
      this.#block = new ReasoningBlock(this.#reasoning);
      return { out: '', taken: true };
    }
    const ends = tag === '</body' || tag === '</html';
    const details = ends && (code === GREATER || isSpace(code)) ? this.details() : '';
    return { out: details + this.#replay(text), taken: false };
  }

  get detailsAreDue(): boolean {
    return this.#showReasoning && this.#reasoning.hasText;
  }

  #replay(text: string): string {
    for (let at = 0; at < text.length; at += 1) {
      this.#fence?.step(text.charAt(at), false);
      this.#advance(text.charCodeAt(at));
    }
    return text;
  }

  #advance(code: number): void {
    const state = this.#state;
    const token = state.step(code);
    if (token === TOKEN.none) {
      if (this.#atStart && code !== LESS && state.inText && !isSpace(code)) this.#atStart = false;
      return;
    }
    const name = state.tagName;
    if (token === TOKEN.startTag) this.#elements.open(name, state.selfClosing);
    else if (token === TOKEN.endTag) this.#elements.close(name);
    if (token !== TOKEN.other) this.#atStart &&= OUTER.has(name);
    state.inForeign = this.#elements.inForeign;
    // In code that forgot to escape, the page's end is not meant.
    if (token === TOKEN.endTag && name === 'html' && !this.#isInCode) {
      this.#ended = true;
      this.#closedItself = true;
    }
  }

  get #isInCode(): boolean {
    return this.#elements.isOpen('pre') || this.#elements.isOpen('code');
  }
}
