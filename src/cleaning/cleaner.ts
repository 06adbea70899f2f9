/**
 * Cleans an answer while it streams. Read this first.
 *
 *   prelude ──┬── document   a page, from its doctype to its </html>
 *             ├── document   a fragment of one, in a document made around it
 *             └── text       no markup at all, escaped in a document made around it
 *
 * Each part takes a character at a time and never looks back, so the work is linear and the output
 * does not depend on where the input is split. What is held back: in the prelude HELD_MAX
 * characters and a tag; later at most a line that may be the closing fence, a tag, and half a
 * surrogate pair.
 */

import type { Cleaner, CleanerOptions, CleaningOutcome, NoticeKind } from './cleaning.ts';
import { DocumentText } from './document.ts';
import type { Decision } from './held-text.ts';
import { noticeHtml, noticeText } from './notice.ts';
import { Prelude } from './prelude.ts';
import { Reasoning } from './reasoning.ts';
import { TextAnswer } from './text-answer.ts';
import { DOCTYPE, DOCUMENT_END, fragmentStart, reasoningDetails } from './wrapper.ts';

type Stage =
  | { readonly kind: 'prelude'; readonly prelude: Prelude }
  | { readonly kind: 'document'; readonly document: DocumentText; readonly wrapped: boolean }
  | { readonly kind: 'text'; readonly text: TextAnswer };

/** A cleaner for one answer. */
export function createCleaner(options: CleanerOptions): Cleaner {
  return new AnswerCleaner(options);
}

class AnswerCleaner implements Cleaner {
  readonly #options: CleanerOptions;
  readonly #html: boolean;
  readonly #reasoning: Reasoning;
  #stage: Stage;
  #outcome: CleaningOutcome = 'pending';
  /** The first half of a character beyond U+FFFF: half a character has no UTF-8. */
  #half = '';

  constructor(options: CleanerOptions) {
    this.#options = options;
    this.#html = options.contentType === 'html';
    this.#reasoning = new Reasoning(this.#showsReasoning);
    const prelude = new Prelude(options.contentType, this.#reasoning);
    this.#stage = { kind: 'prelude', prelude };
  }

  get outcome(): CleaningOutcome {
    return this.#outcome;
  }

  get held(): number {
    const { held } = this.#part;
    return held + this.#half.length;
  }

  push(text: string): string {
    const out = this.#clean(text);
    if (this.#stage.kind === 'document') this.#outcome = 'answer';
    if (this.#stage.kind === 'text' && this.#stage.text.begun) this.#outcome = 'answer';
    return this.#wholeCharacters(out);
  }

  pushReasoning(text: string): void {
    this.#reasoning.add(text);
  }

  end(): string {
    const out = this.#finish();
    const stage = this.#stage;
    if (this.#outcome !== 'answer') return this.#rest(out);
    if (stage.kind === 'text') return this.#rest(out + this.#endOfText(stage.text, ''));
    if (stage.kind !== 'document') return this.#rest(out);
    const { document, wrapped } = stage;
    const closers = wrapped || document.detailsAreDue ? document.closeAll() : '';
    const last = wrapped && !document.closedItself ? DOCUMENT_END : '';
    return this.#rest(out + closers + document.details() + last);
  }

  notice(kind: NoticeKind): string {
    const out = this.#finish();
    const stage = this.#stage;
    if (stage.kind === 'text') {
      if (this.#outcome !== 'answer') return this.#rest(out);
      const notice = this.#html ? noticeHtml(kind) : `\n\n${noticeText(kind)}\n`;
      return this.#rest(out + this.#endOfText(stage.text, notice));
    }
    if (stage.kind !== 'document') return this.#rest(out);
    const { document } = stage;
    const last = document.closedItself ? '\n' : `\n</body>${DOCUMENT_END}`;
    const closed = out + document.closeAll() + document.details();
    return this.#rest(closed + noticeHtml(kind) + last);
  }

  get #showsReasoning(): boolean {
    return this.#html && this.#options.reasoning === 'show';
  }

  get #part(): { readonly held: number } {
    const stage = this.#stage;
    if (stage.kind === 'prelude') return stage.prelude;
    return stage.kind === 'document' ? stage.document : stage.text;
  }

  #clean(text: string): string {
    const stage = this.#stage;
    if (stage.kind === 'document') return stage.document.push(text);
    if (stage.kind === 'text') return stage.text.push(text);
    for (let at = 0; at < text.length; at += 1) {
      const decision = stage.prelude.step(text.charAt(at));
      if (decision !== undefined) return this.#decide(decision) + this.#clean(text.slice(at + 1));
    }
    return '';
  }

  #decide(decision: Decision): string {
    if (decision.kind === 'text') {
      const wrapper = this.#html ? this.#options : undefined;
      const text = new TextAnswer(wrapper, this.#options.fences);
      this.#stage = { kind: 'text', text };
      return text.push(decision.start);
    }
    const { kind, fence, start } = decision;
    const document = new DocumentText({
      fence,
      atStart: kind === 'document',
      reasoning: this.#reasoning,
      showReasoning: this.#showsReasoning,
    });
    const wrapped = kind === 'fragment';
    this.#stage = { kind: 'document', document, wrapped };
    let before = '';
    if (wrapped) before = fragmentStart(decision.first, this.#options);
    else if (/^<html/i.test(start)) before = DOCTYPE;
    return before + document.push(start);
  }

  /** The answer has no more to come: decides what is undecided, and settles the outcome. */
  #finish(): string {
    let out = '';
    if (this.#stage.kind === 'prelude') out = this.#decide(this.#stage.prelude.finish());
    const stage = this.#stage;
    if (stage.kind === 'text') {
      out += stage.text.finish();
      this.#outcome = stage.text.begun ? 'answer' : this.#nothing;
    } else if (stage.kind === 'document') {
      out += stage.document.finish();
      this.#outcome = stage.document.isReasoning ? 'only-reasoning' : 'answer';
    }
    return out;
  }

  get #nothing(): CleaningOutcome {
    return this.#reasoning.seen ? 'only-reasoning' : 'blank';
  }

  /** The end of a text, and what is to be read after it. */
  #endOfText(text: TextAnswer, notice: string): string {
    if (!this.#html) return notice;
    const shown = this.#showsReasoning && this.#reasoning.hasText;
    const details = shown ? reasoningDetails(this.#reasoning.text) : '';
    return text.close() + details + notice + DOCUMENT_END;
  }

  #wholeCharacters(text: string): string {
    const out = this.#half + text;
    const last = out.charCodeAt(out.length - 1);
    const isHalf = last >= 0xd800 && last <= 0xdbff;
    this.#half = isHalf ? out.slice(-1) : '';
    return isHalf ? out.slice(0, -1) : out;
  }

  #rest(text: string): string {
    const out = this.#half + text;
    this.#half = '';
    return out;
  }
}
