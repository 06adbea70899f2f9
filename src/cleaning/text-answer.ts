/** An answer without markup on its way out: as it is, or readable in a document of its own. */

import type { Fences } from './cleaning.ts';
import { PlainText } from './plain-text.ts';
import { escapeHtml, TEXT_END, textStart, type WrapperOptions } from './wrapper.ts';

const INDENT_MAX = 256;

export class TextAnswer {
  readonly #text: PlainText;
  /** What goes before the first text; undefined where the text goes out as it is. */
  readonly #wrapper: WrapperOptions | undefined;
  #lead = '';
  #begun = false;

  constructor(wrapper: WrapperOptions | undefined, fences: Fences | undefined) {
    this.#wrapper = wrapper;
    this.#text = new PlainText(fences);
  }

  get held(): number {
    return this.#lead.length + this.#text.held;
  }

  /** Whether there is anything to read. */
  get begun(): boolean {
    return this.#begun;
  }

  push(text: string): string {
    return this.#emit(this.#text.push(text));
  }

  /** The rest of the text. */
  finish(): string {
    return this.#emit(this.#text.finish());
  }

  /** Closes the text's own element; a notice may follow. */
  close(): string {
    return this.#wrapper !== undefined && this.#begun ? TEXT_END : '';
  }

  #emit(text: string): string {
    if (!this.#begun) return this.#begin(text);
    return this.#wrapper === undefined ? text : escapeHtml(text);
  }

  /** Blank lines before the text are dropped; the indentation of its first line is not. */
  #begin(text: string): string {
    const all = this.#lead + text;
    const found = all.search(/\S/);
    const blank = found < 0 ? all : all.slice(0, found);
    this.#lead = blank.slice(blank.lastIndexOf('\n') + 1).slice(0, INDENT_MAX);
    if (found < 0) return '';
    this.#begun = true;
    const start = this.#wrapper === undefined ? '' : textStart(this.#wrapper);
    const lead = this.#lead;
    this.#lead = '';
    return start + this.#emit(lead + all.slice(found));
  }
}
