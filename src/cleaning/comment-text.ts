/** The inside of a comment (HTML standard, 13.2.5.43 to 13.2.5.51). */

import { BANG, DASH, GREATER } from './characters.ts';

type Place = 'start' | 'start-dash' | 'text' | 'dash' | 'end' | 'bang';

/** From after `<!--` to the `>` of `-->` or `--!>`; `<!-->` and `<!--->` are comments, too. */
export class CommentText {
  #place: Place = 'start';

  /** Takes a character; true when it ends the comment. */
  step(code: number): boolean {
    const place = this.#place;
    if (code === GREATER && place !== 'text' && place !== 'dash') return true;
    if (code === DASH) this.#place = AFTER_DASH[place];
    else this.#place = code === BANG && place === 'end' ? 'bang' : 'text';
    return false;
  }
}

const AFTER_DASH: Readonly<Record<Place, Place>> = {
  start: 'start-dash',
  'start-dash': 'end',
  text: 'dash',
  dash: 'end',
  end: 'end',
  bang: 'dash',
};
