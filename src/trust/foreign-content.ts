/**
 * Whether a browser takes a place in generated HTML for SVG or MathML: there it reads a script as
 * tags and text. It follows the tags that go out by the HTML standard, section 13.2.6.5, as far as
 * it is sure. In doubt the place is foreign: that costs a script, and never safety.
 */

import { FOREIGN_ELEMENTS, KNOWN_ELEMENTS, VOID_ELEMENTS } from '../cleaning/elements.ts';

/** Elements in which HTML begins anew, by the kind of content in which they stand. */
const DOORS: Readonly<Record<string, ReadonlySet<string>>> = {
  svg: new Set(['foreignobject', 'desc', 'title']),
  math: new Set(['mi', 'mo', 'mn', 'ms', 'mtext']),
};

/**
 * Start tags that end all foreign content up to a door; `font` does with some attributes, and is of
 * no use in it.
 */
const BREAKING_OUT: ReadonlySet<string> = new Set(
  `b big blockquote body br center code dd div dl dt em embed font h1 h2 h3 h4 h5 h6 head hr i img li
  listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var`
    .trim()
    .split(/\s+/),
);

/** As deep as browsers nest. */
const DEPTH_MAX = 512;

interface Open {
  readonly name: string;
  /** The content in it. */
  readonly content: 'html' | 'svg' | 'math';
}

export class ForeignContent {
  /** From the outermost element that is foreign, in. */
  #open: Open[] = [];
  #inDoubt = false;

  /** Whether a browser may be in foreign content, or in HTML within it. */
  get isInside(): boolean {
    return this.#inDoubt || this.#open.length > 0;
  }

  /**
   * What goes out before a start tag; styles and scripts are whole elements, and none of its
   * business.
   */
  start(name: string, selfClosing: boolean): string {
    if (this.#inDoubt || this.#open.length >= DEPTH_MAX) {
      this.#inDoubt = true;
      return '';
    }
    const before = BREAKING_OUT.has(name) ? this.#breakOut() : '';
    this.#enter(name, selfClosing);
    return before;
  }

  /** What goes out for an end tag. */
  end(name: string): string {
    const tag = `</${name}>`;
    if (this.#open.at(-1)?.name === name) {
      this.#open.pop();
      return tag;
    }
    const at = this.#open.findLastIndex((each) => each.name === name);
    if (at < 0) return this.#endOfOther(name, tag);
    // HTML closes elements in many ways; foreign content closes all up to the named one.
    if (this.#open.slice(at).some(({ content }) => content === 'html')) this.#inDoubt = true;
    else this.#open.length = at;
    return tag;
  }

  #enter(name: string, selfClosing: boolean): void {
    const content = this.#content;
    if (content === 'html') {
      const isForeign = FOREIGN_ELEMENTS.has(name);
      if (isForeign && !selfClosing) this.#open.push({ name, content: name as 'svg' | 'math' });
      // HTML outside foreign content is of no interest.
      else if (!isForeign && this.#open.length > 0 && !VOID_ELEMENTS.has(name)) {
        this.#open.push({ name, content });
      }
    } else if (!selfClosing) {
      this.#open.push({ name, content: DOORS[content]?.has(name) === true ? 'html' : content });
    }
  }

  /** In foreign content, the end of HTML around it is meant: a browser would have to guess. */
  #endOfOther(name: string, tag: string): string {
    if (this.#content === 'html') return tag;
    return KNOWN_ELEMENTS.has(name) || name.includes('-') ? this.#breakOut() + tag : '';
  }

  get #content(): Open['content'] {
    return this.#open.at(-1)?.content ?? 'html';
  }

  /** Closes all foreign content up to a door; the end tags for that. */
  #breakOut(): string {
    let tags = '';
    while (this.#content !== 'html') tags += `</${this.#open.pop()?.name}>`;
    return tags;
  }
}
