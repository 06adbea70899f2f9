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
import { parseFence } from './fence.ts';
import { type Decision, HeldText } from './held-text.ts';
import { closesReasoning, opensReasoning, type Reasoning, ReasoningBlock } from './reasoning.ts';

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
const BYTE_ORDER_MARK = 0xfeff;

type Place = 'text' | 'tag' | 'fence' | 'comment' | 'confirm' | 'reasoning';

/** Takes characters until it has decided. */
export class Prelude {
  readonly #html: boolean;
  readonly #reasoning: Reasoning;
  readonly #before = new HeldText();
  #place: Place = 'text';
  /** The tag, fence line or candidate that is being read. */
  #part = '';
  #block: ReasoningBlock | undefined;
  /** Dashes directly before, in a comment. */
  #dashes = 0;
  /** Whether the candidate's tag has ended. */
  #tagEnded = false;

  constructor(contentType: 'html' | 'text', reasoning: Reasoning) {
    this.#html = contentType === 'html';
    this.#reasoning = reasoning;
  }

  get held(): number {
    return this.#before.length + this.#part.length;
  }

  /** Takes a character; the decision, once it can be made. */
  step(character: string): Decision | undefined {
    const decision = this.#take(character);
    if (decision !== undefined || this.#before.length <= HELD_MAX) return decision;
    return this.finish();
  }

  /** The answer has ended. A text may be blank, of white space or a fence around nothing. */
  finish(): Decision {
    if (this.#part !== '') this.#before.keepText(this.#part);
    this.#part = '';
    return this.#before.leftover();
  }

  #take(character: string): Decision | undefined {
    switch (this.#place) {
      case 'reasoning':
        if (this.#block?.step(character) !== true) return undefined;
        this.#before.startLine();
        this.#place = 'text';
        return undefined;
      case 'tag':
        return this.#tag(character);
      case 'fence':
        return this.#fenceLine(character);
      case 'confirm':
        return this.#confirm(character);
      case 'comment':
        if (character === '>' && this.#dashes >= 2) this.#place = 'text';
        this.#dashes = character === '-' ? this.#dashes + 1 : 0;
        this.#before.keep(character);
        return undefined;
      default:
        return this.#text(character);
    }
  }

  #text(character: string): Decision | undefined {
    const code = character.charCodeAt(0);
    const before = this.#before;
    if (code === LESS) return this.#begin('tag', character);
    if (isSpace(code)) {
      this.#space(character, code);
      return undefined;
    }
    if (code === BYTE_ORDER_MARK && before.length === 0) return undefined;
    if (!this.#html) return before.text(character);
    const isMark = code === BACK_TICK || code === TILDE;
    if (isMark && before.lineIsBlank) return this.#begin('fence', character);
    if (before.pageIsDue) return before.fragment(character, '');
    before.keepText(character);
    return undefined;
  }

  #begin(place: Place, part: string): undefined {
    this.#place = place;
    this.#part = part;
  }

  #space(character: string, code: number): void {
    const before = this.#before;
    if (this.#html) {
      if (before.length > 0) before.keep(character);
      return;
    }
    // Before a text, only the indentation of its first line can matter.
    if (code === NEWLINE || before.length >= INDENT_MAX) before.clear();
    if (code !== NEWLINE) before.keep(character);
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
    if (!delimited || this.#part.length < 2 || this.#before.isQuoted) return this.#noTag(character);
    return this.#tagName(character);
  }

  #tagName(delimiter: string): Decision | undefined {
    const before = this.#before;
    const tag = this.#part + delimiter;
    const name = this.#part.slice(1).toLowerCase();
    if (opensReasoning(tag)) {
      this.#block = new ReasoningBlock(this.#reasoning);
      return this.#begin('reasoning', '');
    }
    if (closesReasoning(tag)) {
      // The opening tag was part of the prompt: all so far was reasoning.
      this.#reasoning.add(before.clear());
      return this.#begin('text', '');
    }
    if (!this.#html) return this.#noTag(delimiter);
    if (name === '!doctype' || name === 'html') {
      if (before.atBeginning) return before.document(tag);
      if (before.inOtherCode) return this.#noTag(delimiter);
      this.#tagEnded = delimiter === '>';
      return this.#begin('confirm', tag);
    }
    if (KNOWN_ELEMENTS.has(name)) {
      if (before.tagBegins) return before.fragment(tag, name);
      if (before.lineIsBlank || VOID_ELEMENTS.has(name)) before.countMarkup();
    } else if (name.startsWith('/') && KNOWN_ELEMENTS.has(name.slice(1))) {
      before.countMarkup();
    }
    return this.#noTag(delimiter);
  }

  /** It was just text; what ended it is looked at anew. */
  #noTag(character: string): Decision | undefined {
    if (!this.#html) return this.#before.text(this.#part + character);
    if (this.#before.pageIsDue) return this.#before.fragment(this.#part + character, '');
    return this.#backToText(character);
  }

  #backToText(character: string): Decision | undefined {
    this.#before.keepText(this.#part);
    this.#begin('text', '');
    return this.#text(character);
  }

  /** A comment is passed over where a page may begin; in prose, `<!--` is just a word. */
  #comment(): Decision | undefined {
    if (!this.#html || !this.#before.atBeginning) return this.#noTag('-');
    this.#before.keep('<!--');
    this.#dashes = 2;
    return this.#begin('comment', '');
  }

  /**
   * A doctype in the middle of a line: the page, after a few words, or a mention of it? It is the
   * page if another tag follows.
   */
  #confirm(character: string): Decision | undefined {
    const code = character.charCodeAt(0);
    if (this.#tagEnded && code === LESS) return this.#before.document(this.#part + character);
    if ((this.#tagEnded && !isSpace(code)) || this.#part.length >= CONFIRM_MAX) {
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
      this.#before.keepFence(this.#part, fence);
      this.#begin('text', '');
      return this.#text(character);
    }
    if (code === LESS || this.#part.length >= FENCE_LINE_MAX) return this.#noFence(character);
    this.#part += character;
    return undefined;
  }

  #noFence(character: string): Decision | undefined {
    if (this.#before.pageIsDue) return this.#before.fragment(this.#part + character, '');
    return this.#backToText(character);
  }
}
