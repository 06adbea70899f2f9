/**
 * The inside of a script, style, title, textarea…: text up to that element's own end tag.
 *
 * A script has a trap (HTML standard, 13.2.5.15 and after): `<!--` and then `<script` inside it
 * make the next `</script>` part of the text.
 *
 *   plain ── <!-- ──▶ escaped ── <script ──▶ double ── </script ──▶ escaped;   --> leads to plain
 */

import { BANG, DASH, GREATER, isLetter, isSpace, LESS, SLASH } from './characters.ts';

type Place = 'text' | 'lt' | 'bang' | 'bang-dash' | 'end-name' | 'start-name';
type Escape = 'plain' | 'escaped' | 'double';

export class RawText {
  readonly #name: string;
  readonly #isScript: boolean;
  #place: Place = 'text';
  #escape: Escape = 'plain';
  #dashes = 0;
  #match = '';

  constructor(name: string) {
    this.#name = name;
    this.#isScript = name === 'script';
  }

  /** What leads out of here, or one step towards it. */
  closer(): string {
    return this.#escape === 'double' ? '-->' : `</${this.#name}>`;
  }

  /** Takes a character; true when it is the one after the name of the element's own end tag. */
  step(code: number): boolean {
    switch (this.#place) {
      case 'text':
        this.#text(code);
        return false;
      case 'lt':
        if (code === SLASH) this.#begin('end-name');
        else if (code === BANG && this.#isScript && this.#escape === 'plain') this.#place = 'bang';
        else if (this.#escape === 'escaped' && isLetter(code)) {
          this.#begin('start-name');
          this.#match = String.fromCharCode(code);
        } else this.#text(code);
        return false;
      case 'bang':
        if (code === DASH) this.#place = 'bang-dash';
        else this.#text(code);
        return false;
      case 'bang-dash':
        this.#text(code);
        if (code === DASH) {
          this.#escape = 'escaped';
          this.#dashes = 2;
        }
        return false;
      default:
        return this.#tagName(code);
    }
  }

  #begin(place: 'end-name' | 'start-name'): void {
    this.#place = place;
    this.#match = '';
    this.#dashes = 0;
  }

  #text(code: number): void {
    this.#place = code === LESS ? 'lt' : 'text';
    if (code === GREATER && this.#dashes >= 2) this.#escape = 'plain';
    this.#dashes = code === DASH ? this.#dashes + 1 : 0;
  }

  #tagName(code: number): boolean {
    if (this.#match.length <= this.#name.length && isLetter(code)) {
      this.#match += String.fromCharCode(code);
      return false;
    }
    const isEnd = this.#place === 'end-name';
    const delimited = isSpace(code) || code === SLASH || code === GREATER;
    const matches = delimited && this.#match.toLowerCase() === this.#name;
    if (matches && isEnd && this.#escape !== 'double') return true;
    if (matches) this.#escape = isEnd ? 'escaped' : 'double';
    this.#text(code);
    return false;
  }
}
