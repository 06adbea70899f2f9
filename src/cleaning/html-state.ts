/**
 * Where in an HTML document a character stands: the tokenizer of the HTML standard (section
 * 13.2.5), reduced to what tells text, tags, comments and raw text from each other. One step for
 * one character; it looks at nothing twice and keeps no text but a tag's name.
 */

import {
  BANG,
  CLOSE_BRACKET,
  DOUBLE_QUOTE,
  EQUALS,
  GREATER,
  isLetter,
  isSpace,
  LESS,
  lowerCase,
  QUESTION,
  SINGLE_QUOTE,
  SLASH,
} from './characters.ts';
import { CommentText } from './comment-text.ts';
import { RAW_ELEMENTS, VOID_ELEMENTS } from './elements.ts';
import { RawText } from './raw-text.ts';

/** What a step has completed. */
export const TOKEN = { none: 0, startTag: 1, endTag: 2, other: 3 } as const;
export type Token = (typeof TOKEN)[keyof typeof TOKEN];

type State =
  | 'data'
  | 'tag-open'
  | 'end-tag-open'
  | 'tag-name'
  | 'attributes'
  | 'attribute-name'
  | 'before-value'
  | 'value-double'
  | 'value-single'
  | 'value-bare'
  | 'markup'
  | 'bogus'
  | 'comment'
  | 'cdata'
  | 'raw';

const CDATA_OPEN = '[CDATA[';
/** Longer than any name that matters. */
const NAME_MAX = 24;

export class HtmlState {
  /** Whether the place is inside SVG or MathML, where CDATA and self-closing tags exist. */
  inForeign = false;
  #state: State = 'data';
  #name = '';
  #isEnd = false;
  #selfClosing = false;
  #markup = '';
  #brackets = 0;
  #raw: RawText | undefined;
  #comment = new CommentText();

  /** Whether the next character is text, or begins a tag. */
  get inText(): boolean {
    return this.#state === 'data';
  }

  /** Name of the tag that the last step completed, in lower case. */
  get tagName(): string {
    return this.#name;
  }

  /** Whether that tag ended with `/>`; it means something only in foreign elements. */
  get selfClosing(): boolean {
    return this.#selfClosing;
  }

  /** What closes the innermost thing that is open here; '' in text. May have to be repeated. */
  closer(): string {
    switch (this.#state) {
      case 'data':
      case 'tag-open':
        return '';
      case 'value-double':
        return `">${this.#endTag()}`;
      case 'value-single':
        return `'>${this.#endTag()}`;
      case 'tag-name':
      case 'attributes':
      case 'attribute-name':
      case 'before-value':
      case 'value-bare':
        return `>${this.#endTag()}`;
      case 'cdata':
        return ']]>';
      case 'raw':
        return this.#raw?.closer() ?? '';
      case 'comment':
        return '-->';
      default:
        return '>';
    }
  }

  /** The end tag of an element whose start tag is not whole. */
  #endTag(): string {
    return this.#isEnd || VOID_ELEMENTS.has(this.#name) ? '' : `</${this.#name}>`;
  }

  step(code: number): Token {
    switch (this.#state) {
      case 'data':
        if (code === LESS) this.#state = 'tag-open';
        return TOKEN.none;
      case 'raw':
        return this.#rawText(code);
      case 'tag-open':
      case 'end-tag-open':
        return this.#tagOpen(code);
      case 'tag-name':
        if (isSpace(code) || code === SLASH || code === GREATER) return this.#attributes(code);
        if (this.#name.length < NAME_MAX) this.#name += String.fromCharCode(lowerCase(code));
        return TOKEN.none;
      case 'attributes':
      case 'attribute-name':
      case 'before-value':
        return this.#attributes(code);
      case 'value-double':
        if (code === DOUBLE_QUOTE) this.#state = 'attributes';
        return TOKEN.none;
      case 'value-single':
        if (code === SINGLE_QUOTE) this.#state = 'attributes';
        return TOKEN.none;
      case 'value-bare':
        if (code === GREATER) return this.#endOfTag();
        if (isSpace(code)) this.#state = 'attributes';
        return TOKEN.none;
      case 'markup':
        return this.#declaration(code);
      case 'bogus':
        return code === GREATER ? this.#endOfOther() : TOKEN.none;
      case 'cdata':
        if (code === GREATER && this.#brackets >= 2) return this.#endOfOther();
        this.#brackets = code === CLOSE_BRACKET ? this.#brackets + 1 : 0;
        return TOKEN.none;
      case 'comment':
        return this.#comment.step(code) ? this.#endOfOther() : TOKEN.none;
    }
  }

  #tagOpen(code: number): Token {
    if (isLetter(code)) {
      this.#isEnd = this.#state === 'end-tag-open';
      this.#name = String.fromCharCode(lowerCase(code));
      this.#selfClosing = false;
      this.#state = 'tag-name';
    } else if (this.#state === 'end-tag-open') {
      if (code === GREATER) this.#state = 'data';
      else this.#state = 'bogus';
    } else if (code === SLASH) {
      this.#state = 'end-tag-open';
    } else if (code === BANG) {
      this.#markup = '';
      this.#state = 'markup';
    } else if (code === QUESTION) {
      this.#state = 'bogus';
    } else if (code !== LESS) {
      this.#state = 'data';
    }
    return TOKEN.none;
  }

  /** Between a tag's name and its end, outside quotes. */
  #attributes(code: number): Token {
    if (code === GREATER) return this.#endOfTag();
    if (isSpace(code)) {
      if (this.#state === 'tag-name') this.#state = 'attributes';
    } else if (this.#state === 'before-value') {
      if (code === DOUBLE_QUOTE) this.#state = 'value-double';
      else if (code === SINGLE_QUOTE) this.#state = 'value-single';
      else this.#state = 'value-bare';
    } else if (code === EQUALS && this.#state === 'attribute-name') {
      this.#state = 'before-value';
    } else {
      this.#state = code === SLASH ? 'attributes' : 'attribute-name';
    }
    this.#selfClosing = code === SLASH;
    return TOKEN.none;
  }

  #endOfTag(): Token {
    this.#state = 'data';
    if (this.#isEnd) return TOKEN.endTag;
    if (RAW_ELEMENTS.has(this.#name) && !(this.#selfClosing && this.inForeign)) {
      this.#raw = new RawText(this.#name);
      this.#state = 'raw';
    }
    return TOKEN.startTag;
  }

  #rawText(code: number): Token {
    const found = this.#raw?.step(code);
    if (found !== true) return TOKEN.none;
    this.#raw = undefined;
    this.#isEnd = true;
    this.#selfClosing = false;
    this.#state = 'tag-name';
    return this.#attributes(code);
  }

  /** After `<!`. */
  #declaration(code: number): Token {
    this.#markup += String.fromCharCode(code);
    if (this.#markup === '--') {
      this.#comment = new CommentText();
      this.#state = 'comment';
    } else if (this.inForeign && this.#markup === CDATA_OPEN) {
      this.#brackets = 0;
      this.#state = 'cdata';
    } else if (this.#markup !== '-' && !(this.inForeign && CDATA_OPEN.startsWith(this.#markup))) {
      this.#state = 'bogus';
      if (code === GREATER) return this.#endOfOther();
    }
    return TOKEN.none;
  }

  #endOfOther(): Token {
    this.#state = 'data';
    return TOKEN.other;
  }
}
