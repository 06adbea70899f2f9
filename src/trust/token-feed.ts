/**
 * parse5's tokenizer, which is the HTML standard's, for pieces of any length: text comes out with
 * the piece that has it, and the work is linear.
 *
 * The tokenizer keeps a token's source until it is whole, and copies it with each piece. So that
 * a long one costs no more than a short one for each of its characters, it gets fewer pieces.
 */

import { type Token, Tokenizer, type TokenizerMode } from 'parse5';
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

export class TokenFeed {
  readonly #tokenizer: Tokenizer;
  /** Not yet given to the tokenizer. */
  #waiting = '';
  /** Characters that the tokenizer has read of a token which is not whole. */
  #unfinished = 0;
  #mayEnd = false;
  #progress = false;

  constructor(listener: TokenListener) {
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
    if (text === '') return;
    this.#waiting += text;
    if (this.#isTimeToRead(text)) this.#read(false);
  }

  /** There is no more: what was held is no tag. */
  end(): void {
    this.#read(true);
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
  }
}
