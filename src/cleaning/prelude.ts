/**
 * The beginning of an answer, up to where it is clear what it is.
 *
 * A doctype or `<html>` begins the page, and what stood before it is dropped. Any other tag begins
 * a page only where nothing but reasoning, a fence, or one line ending in a colon stands before it:
 * text before a tag may be part of the page, so it is held until a doctype, the answer's end or
 * HELD_MAX decides.
 */

import { BACK_TICK, GREATER, isLetter, isSpace, LESS, NEWLINE, TILDE } from './characters.ts';
import { KNOWN_ELEMENTS, VOID_ELEMENTS } from './elements.ts';
import { type Fence, parseFence } from './fence.ts';
import { closesReasoning, opensReasoning, type Reasoning, ReasoningBlock } from './reasoning.ts';

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

/**
 * Characters that are held for a doctype to come: more than a model with the default limit of
 * tokens writes before one, thinking aloud, and little enough to keep for every page under way.
 */
export const HELD_MAX = 65_536;

/** Longest tag that is looked at: `</blockquote`, `</figcaption`. */
const TAG_MAX = 14;
const FENCE_LINE_MAX = 128;
const CONFIRM_MAX = 512;
const INDENT_MAX = 256;
/** One line that ends in a colon. */
const INTRODUCTION = /^[^\r\n]*[:：]\s*$/;
const INTRODUCTION_MAX = 300;
const HTML_INFO: ReadonlySet<string> = new Set(['html', 'htm', 'html5', 'xhtml', 'markup']);

type Place = 'text' | 'tag' | 'fence' | 'comment' | 'confirm' | 'reasoning';

/** Takes characters until it has decided. */
export class Prelude {
  readonly #html: boolean;
  readonly #reasoning: Reasoning;
  #place: Place = 'text';
  #block: ReasoningBlock | undefined;
  /** Whatever is neither dropped nor still in `#part`. */
  #held = '';
  /** The tag, fence line or candidate that is being read. */
  #part = '';
  #fence: Fence | undefined;
  /** Where in `#held` the page would begin if a tag came now. */
  #base = 0;
  /** Nothing but white space and comments since `#base`. */
  #fresh = true;
  /** Something to read before `#base`. */
  #textBefore = false;
  #lineIsBlank = true;
  /** Back-ticks directly before. */
  #ticks = 0;
  /** Dashes directly before, in a comment. */
  #dashes = 0;
  /** Whether the candidate's tag has ended. */
  #tagEnded = false;
  /** Whether there is a tag that is meant as one. */
  #markup = false;

  constructor(contentType: 'html' | 'text', reasoning: Reasoning) {
    this.#html = contentType === 'html';
    this.#reasoning = reasoning;
  }

  get held(): number {
    return this.#held.length + this.#part.length;
  }

  /** Takes a character; the decision, once it can be made. */
  step(character: string): Decision | undefined {
    switch (this.#place) {
      case 'reasoning':
        if (this.#block?.step(character) !== true) return undefined;
        this.#place = 'text';
        this.#lineIsBlank = true;
        return undefined;
      case 'tag':
        return this.#tag(character);
      case 'fence':
        return this.#fenceLine(character);
      case 'confirm':
        return this.#confirm(character);
      case 'comment':
        this.#keep(character);
        if (character === '>' && this.#dashes >= 2) this.#place = 'text';
        this.#dashes = character === '-' ? this.#dashes + 1 : 0;
        return this.#overflow();
      default:
        return this.#text(character);
    }
  }

  /** The answer has ended. A text may be blank, of white space or a fence around nothing. */
  finish(): Decision {
    this.#keep(this.#part);
    this.#part = '';
    return this.#leftover();
  }

  #text(character: string): Decision | undefined {
    const code = character.charCodeAt(0);
    if (code === LESS) {
      this.#part = character;
      this.#place = 'tag';
      return undefined;
    }
    if (isSpace(code)) {
      this.#space(character, code);
      return this.#overflow();
    }
    if (!this.#html) return { kind: 'text', start: this.#held + character };
    if (this.#lineIsBlank && (code === BACK_TICK || code === TILDE)) {
      this.#part = character;
      this.#place = 'fence';
      return undefined;
    }
    if (this.#fresh && this.#fenceIsHtml) return this.#fragment(character, '');
    this.#fresh = false;
    this.#lineIsBlank = false;
    this.#keep(character);
    return this.#overflow();
  }

  #space(character: string, code: number): void {
    if (code === NEWLINE) this.#lineIsBlank = true;
    if (this.#held !== '' || !this.#html) this.#keep(character);
    // Before anything else, only the indentation of the first line can matter.
    if (!this.#html && (code === NEWLINE || this.#held.length > INDENT_MAX)) this.#held = '';
  }

  /** After `<`: up to the character that ends the tag's name, or makes it no tag. */
  #tag(character: string): Decision | undefined {
    const code = character.charCodeAt(0);
    if (this.#part === '<!-' && character === '-') return this.#comment();
    const first = this.#part.length === 1;
    const inName = isLetter(code) || (first ? /[/!]/ : /[\d-]/).test(character);
    if (inName && this.#part.length < TAG_MAX) {
      this.#part += character;
      return undefined;
    }
    const delimited = isSpace(code) || character === '>' || character === '/';
    if (!delimited || this.#part.length < 2 || this.#ticks === 1 || this.#ticks === 2) {
      return this.#noTag(character);
    }
    return this.#tagName(character);
  }

  #tagName(delimiter: string): Decision | undefined {
    const tag = this.#part + delimiter;
    const name = this.#part.slice(1).toLowerCase();
    if (opensReasoning(tag)) {
      this.#part = '';
      this.#block = new ReasoningBlock(this.#reasoning);
      this.#place = 'reasoning';
      return undefined;
    }
    if (closesReasoning(tag)) {
      this.#reasoning.add(this.#held);
      this.#reset();
      return undefined;
    }
    if (!this.#html) return this.#noTag(delimiter);
    if (name === '!doctype' || name === 'html') {
      if (this.#lineIsBlank || this.#fresh) return this.#document(tag);
      if (this.#fence === undefined || this.#fenceIsHtml) {
        this.#part = tag;
        this.#tagEnded = delimiter === '>';
        this.#place = 'confirm';
        return undefined;
      }
    } else if (KNOWN_ELEMENTS.has(name)) {
      if (this.#tagBegins) return this.#fragment(tag, name);
      if (this.#lineIsBlank || VOID_ELEMENTS.has(name)) this.#countAsMarkup();
    } else if (name.startsWith('/') && KNOWN_ELEMENTS.has(name.slice(1))) {
      this.#countAsMarkup();
    } else if (this.#fresh && this.#fenceIsHtml) {
      return this.#fragment(tag, name);
    }
    return this.#noTag(delimiter);
  }

  /** It was just text; what ended it is looked at anew. */
  #noTag(character: string): Decision | undefined {
    if (!this.#html) return { kind: 'text', start: this.#held + this.#part + character };
    if (this.#fresh && this.#fenceIsHtml) {
      // No tag that anybody knows, but in a fence for HTML.
      return this.#fragment(this.#part + character, '');
    }
    this.#fresh = false;
    this.#lineIsBlank = false;
    return this.#backToText(character);
  }

  #backToText(character: string): Decision | undefined {
    this.#keep(this.#part);
    this.#part = '';
    this.#place = 'text';
    return this.#overflow() ?? this.#text(character);
  }

  /** A comment is passed over where a page may begin; in prose, `<!--` is just a word. */
  #comment(): Decision | undefined {
    if (!this.#html || !(this.#fresh || this.#lineIsBlank)) return this.#noTag('-');
    this.#keep('<!--');
    this.#part = '';
    this.#dashes = 2;
    this.#place = 'comment';
    return undefined;
  }

  /**
   * A doctype in the middle of a line: the page, after a few words, or a mention of it? It is the
   * page if another tag follows.
   */
  #confirm(character: string): Decision | undefined {
    const code = character.charCodeAt(0);
    if (this.#tagEnded && code === LESS) return this.#document(this.#part + character);
    if ((this.#tagEnded && !isSpace(code)) || this.#part.length >= CONFIRM_MAX) {
      this.#fresh = false;
      this.#lineIsBlank = /\n\s*$/.test(this.#part);
      return this.#backToText(character);
    }
    if (code === GREATER) this.#tagEnded = true;
    this.#part += character;
    return undefined;
  }

  /** A line that begins with back-ticks or tildes. */
  #fenceLine(character: string): Decision | undefined {
    const code = character.charCodeAt(0);
    const mark = this.#part.charAt(0);
    const isMarks = this.#part === mark.repeat(this.#part.length);
    if (isMarks && this.#part.length < 3 && character !== mark) return this.#noFence(character);
    if (code === NEWLINE || (code === LESS && isMarks)) {
      const fence = parseFence(this.#part);
      if (fence === undefined) return this.#noFence(character);
      this.#foundFence(fence);
      return this.#text(character);
    }
    if (code === LESS || this.#part.length >= FENCE_LINE_MAX) return this.#noFence(character);
    this.#part += character;
    return undefined;
  }

  #noFence(character: string): Decision | undefined {
    this.#fresh = false;
    this.#lineIsBlank = false;
    return this.#backToText(character);
  }

  #foundFence(fence: Fence): void {
    const open = this.#fence;
    const line = this.#part;
    this.#part = '';
    if (open === undefined) {
      this.#textBefore = this.#textBefore || !this.#fresh;
      this.#fence = fence;
      this.#keep(line);
      this.#base = this.#held.length;
      this.#fresh = true;
    } else {
      if (fence.mark === open.mark && fence.length >= open.length && fence.info === '') {
        this.#fence = undefined;
      }
      this.#fresh = false;
      this.#keep(line);
    }
    // A tag directly after the marks begins a line as well.
    this.#place = 'text';
    this.#lineIsBlank = true;
    this.#ticks = 0;
  }

  get #fenceIsHtml(): boolean {
    return this.#fence !== undefined && HTML_INFO.has(this.#fence.info);
  }

  /** Whether a known tag here is the page's beginning. */
  get #tagBegins(): boolean {
    if (this.#fence === undefined) {
      if (this.#fresh) return !this.#textBefore;
      return (
        this.#lineIsBlank &&
        this.#held.length <= INTRODUCTION_MAX &&
        INTRODUCTION.test(this.#held)
      );
    }
    if (!this.#fresh) return false;
    return !this.#textBefore || this.#fence.info === '' || this.#fenceIsHtml;
  }

  #countAsMarkup(): void {
    if (this.#fence === undefined || this.#fence.info === '' || this.#fenceIsHtml) {
      this.#markup = true;
    }
  }

  #document(start: string): Decision {
    return { kind: 'document', start, fence: this.#fence };
  }

  #fragment(tag: string, first: string): Decision {
    const lead = this.#fresh ? this.#held.slice(this.#base).trimStart() : '';
    return { kind: 'fragment', start: lead + tag, fence: this.#fence, first };
  }

  #overflow(): Decision | undefined {
    return this.#held.length > HELD_MAX ? this.#leftover() : undefined;
  }

  /** What was held is the answer, or its beginning. */
  #leftover(): Decision {
    if (!this.#markup) return { kind: 'text', start: this.#held };
    const fenced = this.#fence !== undefined && !this.#textBefore;
    return {
      kind: 'fragment',
      start: (fenced ? this.#held.slice(this.#base) : this.#held).trimStart(),
      fence: fenced ? this.#fence : undefined,
      first: '',
    };
  }

  #keep(text: string): void {
    this.#held += text;
    const last = text.charCodeAt(text.length - 1);
    this.#ticks = last === BACK_TICK ? this.#ticks + 1 : 0;
  }

  /** All that was held is dropped. */
  #reset(): void {
    this.#held = '';
    this.#part = '';
    this.#fence = undefined;
    this.#base = 0;
    this.#fresh = true;
    this.#textBefore = false;
    this.#lineIsBlank = true;
    this.#ticks = 0;
    this.#markup = false;
    this.#place = 'text';
  }
}
