/** An answer that is text: it goes on as it is, but for a fence around it or its first part. */

import { BACK_TICK, isSpace, NEWLINE, TILDE } from './characters.ts';
import type { Fences } from './cleaning.ts';
import { ClosingFence, type Fence, parseFence, VERDICT } from './fence.ts';

const FIRST_LINE_MAX = 256;
const INFO_WORDS_MAX = 2;
const WHOLE_INFO: ReadonlySet<string> = new Set(['markdown', 'md']);
/** What a fence around the whole of an answer in Markdown may say; any other is around code. */
const MARKDOWN_INFO: ReadonlySet<string> = new Set(['', ...WHOLE_INFO]);

export class PlainText {
  readonly #markdown: boolean;
  /** The first line, while it may be a fence. */
  #line: string | undefined;
  #fence: ClosingFence | undefined;
  /** Whether the fence says that it is around a whole text, which may have some of its own. */
  #isWhole = false;

  constructor(fences: Fences | undefined) {
    this.#markdown = fences === 'markdown';
    this.#line = fences === 'kept' ? undefined : '';
  }

  get held(): number {
    return (this.#line?.length ?? 0) + (this.#fence?.held ?? 0);
  }

  push(text: string): string {
    let at = 0;
    while (this.#line !== undefined && at < text.length) {
      const released = this.#firstLine(text.charAt(at), this.#line);
      at += 1;
      if (released !== undefined) return this.#body(released) + this.#body(text.slice(at));
    }
    return this.#body(text.slice(at));
  }

  finish(): string {
    const line = this.#line ?? '';
    this.#line = undefined;
    if (line !== '') return this.#openingFence(line) === undefined ? line : '';
    return this.#fence?.finish() ?? '';
  }

  /** Takes a character of the first line; returns the line, once it goes on its way. */
  #firstLine(character: string, line: string): string | undefined {
    const code = character.charCodeAt(0);
    if (code === NEWLINE && line.trim() !== '') {
      this.#line = undefined;
      const fence = this.#openingFence(line.replace(/\r$/, ''));
      if (fence === undefined) return line + character;
      this.#isWhole = WHOLE_INFO.has(fence.info);
      this.#fence = new ClosingFence(fence, { endsHere: () => false, inline: false });
      return '';
    }
    this.#line = line + character;
    const mayBeFence =
      isSpace(code) ||
      code === BACK_TICK ||
      code === TILDE ||
      /[`~]/.test(line.trimStart()[0] ?? '');
    if (mayBeFence && line.length < FIRST_LINE_MAX) return undefined;
    this.#line = undefined;
    return line + character;
  }

  #body(text: string): string {
    const fence = this.#fence;
    if (fence === undefined) return text;
    let out = '';
    let from = 0;
    for (let at = 0; at < text.length; ) {
      const verdict = fence.step(text.charAt(at), true);
      if (verdict === VERDICT.release) {
        const held = fence.takeHeld();
        if (fence.goesOn && !this.#isWhole) {
          // The fence was around the first part alone: both its lines go, and all else stays.
          this.#fence = undefined;
          return out + held.slice(held.indexOf('\n') + 1) + text.slice(at);
        }
        out += held;
        from = at;
        continue;
      }
      if (verdict === VERDICT.hold) {
        out += text.slice(from, at);
        from = at + 1;
      }
      at += 1;
    }
    return out + text.slice(from);
  }

  /** A sentence after back-ticks is a sentence; a fence has a language, and maybe a file's name. */
  #openingFence(line: string): Fence | undefined {
    if (line.trim().split(/\s+/).length > INFO_WORDS_MAX + 1) return undefined;
    const fence = parseFence(line);
    const isCode = this.#markdown && !MARKDOWN_INFO.has(fence?.info ?? '');
    return isCode ? undefined : fence;
  }
}
