/**
 * The text of a style element. Whatever a browser takes it for, no `<` in it can begin a tag: CSS
 * has an escape for it that means the same wherever it may stand. A `<` before anything else, as
 * in `(width <= 40rem)`, is left alone.
 */
export class StyleText {
  /** A `<` at the end of the last piece. */
  #held = false;

  push(text: string): string {
    const whole = this.#held ? `<${text}` : text;
    this.#held = whole.endsWith('<');
    const known = this.#held ? whole.slice(0, -1) : whole;
    return known.replace(/<(?=[a-z/!?<])/gi, ESCAPED);
  }

  end(): string {
    const rest = this.#held ? ESCAPED : '';
    this.#held = false;
    return rest;
  }
}

/** The blank belongs to the escape. */
const ESCAPED = '\\3c ';
