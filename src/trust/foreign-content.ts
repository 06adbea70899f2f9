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

/** In a door, they may end all around it that stands in a table; elsewhere they are just names. */
const OF_TABLES: ReadonlySet<string> = new Set(
  'table caption colgroup col tbody thead tfoot tr td th'.split(' '),
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
  /** Whether a browser may be in a list of choices, where some pass over SVG and MathML. */
  #inSelect = false;

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
    if (this.#inDoubt) return tag;
    if (name === 'select') this.#inSelect = false;
    const at = this.#open.findLastIndex((each) => each.name === name);
    if (at < 0) return this.#endOfOther(name, tag);
    // HTML closes elements in many ways; foreign content closes all up to the named one.
    const within = this.#open.slice(at + 1);
    const isClear = within.length === 0 || [this.#open[at], ...within].every(isForeign);
    if (!isClear) {
      this.#inDoubt = true;
      return tag;
    }
    return this.#close(within.length) + this.#close(1);
  }

  #enter(name: string, selfClosing: boolean): void {
    const content = this.#content;
    if (content === 'html') {
      this.#enterFromHtml(name, selfClosing);
    } else if (!selfClosing) {
      this.#open.push({ name, content: DOORS[content]?.has(name) === true ? 'html' : content });
    }
  }

  #enterFromHtml(name: string, selfClosing: boolean): void {
    if (name === 'select') this.#inSelect = true;
    if (FOREIGN_ELEMENTS.has(name)) {
      if (this.#inSelect) this.#inDoubt = true;
      else if (!selfClosing) this.#open.push({ name, content: name as 'svg' | 'math' });
      return;
    }
    // HTML outside foreign content is of no interest.
    if (this.#open.length === 0 || VOID_ELEMENTS.has(name)) return;
    if (OF_TABLES.has(name)) this.#inDoubt = true;
    this.#open.push({ name, content: 'html' });
  }

  /** In foreign content, the end of HTML around it is meant: a browser would have to guess. */
  #endOfOther(name: string, tag: string): string {
    if (this.#content === 'html') {
      // From within a door it may end what is around that.
      this.#inDoubt = this.#open.length > 0;
      return tag;
    }
    return KNOWN_ELEMENTS.has(name) || name.includes('-') ? this.#breakOut() + tag : '';
  }

  get #content(): Open['content'] {
    return this.#open.at(-1)?.content ?? 'html';
  }

  /** Closes all foreign content up to a door; the end tags for that. */
  #breakOut(): string {
    let tags = '';
    while (this.#content !== 'html') tags += this.#close(1);
    return tags;
  }

  /** Closes the innermost ones; the end tags for that, so that no browser has to guess. */
  #close(count: number): string {
    const closed = this.#open.splice(this.#open.length - count);
    return closed
      .reverse()
      .map(({ name }) => `</${name}>`)
      .join('');
  }
}

function isForeign(element: Open | undefined): boolean {
  return element !== undefined && element.content !== 'html';
}
