/**
 * Markdown to HTML while it is written: a block at a time, as soon as nothing that follows can
 * change it. CommonMark reads blocks line by line and never opens a closed one again; so all but
 * the last of them are final. Raw HTML is shown as the text that it is.
 *
 * A link by a reference finds those definitions that stand before it.
 */

import MarkdownIt from 'markdown-it';

/** Enough of a line to know whether it goes on with the block before it. */
const LINE_KNOWN = 12;
const LINE_MAX = 256;
/** While a block goes on, it is read again only when it has grown by so much. */
const GROWTH = 1.5;

const markdown = new MarkdownIt({ html: false, linkify: false });

export class MarkdownBlocks {
  /** What links refer to, in the way of markdown-it. */
  readonly #definitions = { references: {} };
  /** What is not rendered yet. */
  #source = '';
  /** The beginning of the line that is being written. */
  #line = '';
  /** A blank line has ended what stands before it, unless what follows goes on with it. */
  #afterBlank = false;
  /** A whole line has followed that. */
  #lineFollowed = false;
  /** Length of the source at which it is worth reading again. */
  #worthAt = 0;

  get held(): number {
    return this.#source.length;
  }

  /** Returns the blocks that are whole now. */
  push(text: string): string {
    if (text === '') return '';
    this.#source += text;
    for (const [index, part] of text.split('\n').entries()) {
      if (index > 0) this.#endLine();
      if (this.#line.length < LINE_MAX) this.#line += part;
    }
    const isKnown = this.#lineFollowed || this.#line.trim().length >= LINE_KNOWN;
    if (!this.#afterBlank || !isKnown) return '';
    this.#afterBlank = false;
    this.#lineFollowed = false;
    return this.#source.length < this.#worthAt ? '' : this.#renderWhole();
  }

  /** Returns the rest. */
  end(): string {
    const source = this.#source;
    this.#source = '';
    return markdown.render(source, this.#definitions);
  }

  #endLine(): void {
    const isBlank = this.#line.trim() === '';
    this.#lineFollowed = !isBlank && this.#afterBlank;
    if (isBlank) this.#afterBlank = true;
    this.#line = '';
  }

  #renderWhole(): string {
    // What the last block defines may go on: it is not to be kept yet.
    const definitions = { references: Object.create(this.#definitions.references) };
    const tokens = markdown.parse(this.#source, definitions);
    const last = tokens.findLastIndex(({ level, nesting }) => level === 0 && nesting >= 0);
    const line = tokens[last]?.map?.[0] ?? 0;
    if (last <= 0 || line === 0) {
      this.#worthAt = this.#source.length * GROWTH;
      return '';
    }
    const end = offsetOfLine(this.#source, line);
    const whole = this.#source.slice(0, end);
    this.#source = this.#source.slice(end);
    this.#worthAt = 0;
    return markdown.render(whole, this.#definitions);
  }
}

/** The text of the first heading in some HTML of ours. */
export function firstHeading(html: string): string | undefined {
  const inner = /<h[1-6]>(.*?)<\/h[1-6]>/s.exec(html)?.[1];
  return inner?.replace(/<[^>]*>/g, '').trim() || undefined;
}

/** Where a line begins; CR ends one as well, alone or before LF. */
function offsetOfLine(source: string, line: number): number {
  const ends = /\r\n?|\n/g;
  for (let passed = 0; passed < line; passed += 1) ends.exec(source);
  return ends.lastIndex;
}
