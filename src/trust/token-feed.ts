/**
 * parse5's tokenizer, which is the HTML standard's, for pieces of any length: text comes out with
 * the piece that has it, and the work is linear.
 *
 * The tokenizer keeps a token's source until it is whole, and copies it with each piece. So that
 * a long one costs no more than a short one for each of its characters, it gets fewer pieces.
 */

import { type Token, Tokenizer, TokenizerMode } from 'parse5';
import { MuseError } from '../errors.ts';

export interface TokenListener {
  startTag(token: Token.TagToken): void;
  endTag(token: Token.TagToken): void;
  text(chars: string): void;
  doctype(): void;
}

/** What text is until the next end tag. */
export type Mode = (typeof TokenizerMode)[keyof typeof TokenizerMode];

/** The tokenizer keeps so much of what it has read. */
const WATERLINE = 1_024;
/** A tag that is longer is read on only when it may end, and one longer than that in big steps. */
const LONG_TAG = 1_024;
const VERY_LONG_TAG = 16_384;
const TAG_MAX = 1_048_576;
/** Between tags, anything but these is text as it stands. */
const SPECIAL = /[<&\0\r\ud800-\udfff]/g;
/** Text that is shorter goes to the tokenizer with the tags around it. */
const LONG_TEXT = 64;
/** The tokenizer waits for what comes after one of these: a line feed, the second half. */
const OPEN_END = /[\r\ud800-\udbff]$/;

export class TokenFeed {
  readonly #tokenizer: Tokenizer;
  readonly #listener: TokenListener;
  /** Not yet given to the tokenizer. */
  #waiting = '';
  /** Characters that the tokenizer has read of a token which is not whole. */
  #unfinished = 0;
  #mayEnd = false;
  #progress = false;
  /** Whether the tokenizer has told of all it was given, and stands between tags. */
  #isBetween = true;

  constructor(listener: TokenListener) {
    this.#listener = listener;
    const progress = (): void => {
      this.#progress = true;
    };
    const text = ({ chars }: Token.CharacterToken): void => {
      progress();
      listener.text(chars);
    };
    this.#tokenizer = new Tokenizer(
      {},
      {
        onStartTag(token) {
          progress();
          listener.startTag(token);
        },
        onEndTag(token) {
          progress();
          listener.endTag(token);
        },
        onDoctype() {
          progress();
          listener.doctype();
        },
        onCharacter: text,
        onWhitespaceCharacter: text,
        onComment: progress,
        onNullCharacter: progress,
        onEof: progress,
        onParseError: null,
      },
    );
    this.#tokenizer.preprocessor.bufferWaterline = WATERLINE;
  }

  /** Characters of which nothing has been told yet. */
  get held(): number {
    return this.#unfinished + this.#waiting.length;
  }

  /** How what follows is read; to be set while a start tag is told of. */
  set mode(mode: Mode) {
    this.#tokenizer.state = mode;
  }

  /** Whether what follows stands in SVG or MathML, where CDATA is no comment. */
  set isForeign(isForeign: boolean) {
    this.#tokenizer.inForeignNode = isForeign;
  }

  /** @throws {MuseError} `answer-too-long` for a tag that does not end. */
  push(text: string): void {
    let rest = text;
    // Most of a page is words, and the tokenizer looks at each character of them.
    while (this.#isBetween && rest !== '') {
      const words = nextSpecial(rest, 0);
      if (words > 0) this.#listener.text(rest.slice(0, words));
      const end = endOfMarkup(rest, words);
      this.#give(rest.slice(words, end));
      rest = rest.slice(end);
    }
    this.#give(rest);
  }

  /** There is no more: what was held is no tag. */
  end(): void {
    this.#read(true);
  }

  #give(text: string): void {
    if (text === '') return;
    this.#waiting += text;
    if (this.#isTimeToRead(text)) this.#read(false);
  }

  #isTimeToRead(text: string): boolean {
    if (this.#unfinished < LONG_TAG) return true;
    if (this.held > TAG_MAX) {
      throw new MuseError('answer-too-long', 'a tag in the answer has more than 1 MiB');
    }
    this.#mayEnd ||= text.includes('>');
    const least = this.#unfinished < VERY_LONG_TAG ? 0 : this.#unfinished / 4;
    return this.#mayEnd && this.#waiting.length >= least;
  }

  #read(isLast: boolean): void {
    const text = this.#waiting;
    this.#waiting = '';
    this.#mayEnd = false;
    this.#progress = false;
    this.#tokenizer.write(text, isLast);
    // The first lets go of what has been read, now and then; the second tells what is text so far.
    this.#tokenizer.flushCurrentCharacterToken();
    this.#tokenizer.flushCharacters();
    this.#unfinished = this.#progress ? 0 : this.#unfinished + text.length;
    this.#isBetween = this.#tokenizer.state === TokenizerMode.DATA && !OPEN_END.test(text);
  }
}

/** Where the first special character is at `from` or later, or the end of `text`. */
function nextSpecial(text: string, from: number): number {
  SPECIAL.lastIndex = from;
  return SPECIAL.exec(text)?.index ?? text.length;
}

/** Behind the first tag that ends at `from` or later and has long text, or nothing, behind it. */
function endOfMarkup(text: string, from: number): number {
  let next = from;
  while (next < text.length) {
    const end = text.indexOf('>', next) + 1;
    if (end === 0) return text.length;
    next = nextSpecial(text, end);
    if (next - end >= LONG_TEXT) return end;
  }
  return text.length;
}
