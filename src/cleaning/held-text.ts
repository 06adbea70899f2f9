/** What stands before the place where a page may begin, and what follows from it. */

import { BACK_TICK } from './characters.ts';
import type { Fence } from './fence.ts';

/** What the answer is, and its first characters, which were held. */
export type Decision =
  /** A whole document. */
  | { readonly kind: 'document'; readonly start: string; readonly fence: Fence | undefined }
  /** Markup without a document around it; `first` is the element that it begins with. */
  | {
      readonly kind: 'fragment';
      readonly start: string;
      readonly fence: Fence | undefined;
      readonly first: string;
    }
  | { readonly kind: 'text'; readonly start: string };

/** One line that ends in a colon. */
const INTRODUCTION = /^[^\r\n]*[:：]\s*$/;
const INTRODUCTION_MAX = 300;
const HTML_INFO: ReadonlySet<string> = new Set(['html', 'htm', 'html5', 'xhtml', 'markup']);

export class HeldText {
  /** The fence that is open here. */
  #fence: Fence | undefined;
  #text = '';
  /** Where in the text the page would begin if a tag came now. */
  #base = 0;
  /** Nothing but white space and comments since `#base`. */
  #fresh = true;
  /** Something to read before `#base`. */
  #textBefore = false;
  #lineIsBlank = true;
  /** Back-ticks directly before. */
  #ticks = 0;
  /** Whether there is a tag that is meant as one. */
  #markup = false;

  get length(): number {
    return this.#text.length;
  }

  /** Whether a doctype here can be nothing but the page's beginning. */
  get atBeginning(): boolean {
    return this.#fresh || this.#lineIsBlank;
  }

  get lineIsBlank(): boolean {
    return this.#lineIsBlank;
  }

  /** Whether a tag here is quoted, as code within a line. */
  get isQuoted(): boolean {
    return this.#ticks === 1 || this.#ticks === 2;
  }

  /** Whether a document would have to begin a line here: in code of another kind. */
  get inOtherCode(): boolean {
    return this.#fence !== undefined && !this.#isHtml(this.#fence);
  }

  /** Whether whatever comes now is the page, be it a tag or not: nothing yet in a fence for HTML. */
  get pageIsDue(): boolean {
    return this.#fresh && this.#fence !== undefined && this.#isHtml(this.#fence);
  }

  /** Whether the tag of a known element here is the page's beginning. */
  get tagBegins(): boolean {
    if (this.#fence === undefined) {
      if (this.#fresh) return !this.#textBefore;
      const short = this.#text.length <= INTRODUCTION_MAX;
      return this.#lineIsBlank && short && INTRODUCTION.test(this.#text);
    }
    if (!this.#fresh) return false;
    return !this.#textBefore || this.#fence.info === '' || this.#isHtml(this.#fence);
  }

  /** Keeps white space, or part of a comment. */
  keep(text: string): void {
    this.#text += text;
    this.#ticks = 0;
    if (text === '\n') this.#lineIsBlank = true;
  }

  /** Keeps something to read. */
  keepText(text: string): void {
    const last = text.charCodeAt(text.length - 1);
    this.#text += text;
    this.#fresh = false;
    this.#ticks = last === BACK_TICK ? this.#ticks + 1 : 0;
    const lineStart = text.lastIndexOf('\n') + 1;
    this.#lineIsBlank = lineStart > 0 && text.slice(lineStart).trim() === '';
  }

  /** Keeps the line of a fence, without its line break. */
  keepFence(line: string, fence: Fence): void {
    const open = this.#fence;
    this.#text += line;
    if (open === undefined) {
      this.#textBefore ||= !this.#fresh;
      this.#fence = fence;
      this.#base = this.#text.length;
      this.#fresh = true;
    } else {
      const closes = fence.mark === open.mark && fence.length >= open.length && fence.info === '';
      if (closes) this.#fence = undefined;
      this.#fresh = false;
    }
    // A tag directly after the marks begins a line as well.
    this.#lineIsBlank = true;
    this.#ticks = 0;
  }

  /** Reasoning ended here: what follows stands apart from what was before. */
  startLine(): void {
    this.#lineIsBlank = true;
    this.#ticks = 0;
  }

  /** A tag that stands where only markup has one; in a listing it says nothing. */
  countMarkup(): void {
    if (!this.inOtherCode || this.#fence?.info === '') this.#markup = true;
  }

  /** Drops everything; returns it. */
  clear(): string {
    const text = this.#text;
    this.#text = '';
    this.#fence = undefined;
    this.#base = 0;
    this.#fresh = true;
    this.#textBefore = false;
    this.#lineIsBlank = true;
    this.#ticks = 0;
    this.#markup = false;
    return text;
  }

  /** The page begins with `start`, and nothing of what was before it belongs to it. */
  document(start: string): Decision {
    return { kind: 'document', start, fence: this.#fence };
  }

  /** The page begins with `start`; comments before it belong to it. */
  fragment(start: string, first: string): Decision {
    const lead = this.#fresh ? this.#text.slice(this.#base).trimStart() : '';
    return { kind: 'fragment', start: lead + start, fence: this.#fence, first };
  }

  /** What was held is the answer, or its beginning. */
  leftover(): Decision {
    if (!this.#markup) return this.text('');
    const fence = this.#textBefore ? undefined : this.#fence;
    const start = fence === undefined ? this.#text : this.#text.slice(this.#base);
    return { kind: 'fragment', start: start.trimStart(), fence, first: '' };
  }

  text(more: string): Decision {
    return { kind: 'text', start: this.#text + more };
  }

  #isHtml(fence: Fence): boolean {
    return HTML_INFO.has(fence.info);
  }
}
