/** Code fences of Markdown (CommonMark 0.31, section 4.5) around an answer. */

import { BACK_TICK, isSpace, NEWLINE } from './characters.ts';

/** The line that opened a fence. */
export interface Fence {
  /** Code of a back-tick or a tilde. */
  readonly mark: number;
  readonly length: number;
  /** First word of the info string, in lower case; '' if there is none. */
  readonly info: string;
}

const OPENING = /^[ \t]*(`{3,}|~{3,})[ \t]*([^\r\n]*)$/;
const LENGTH_MIN = 3;

/** What a line, without its line break, opens or closes; undefined for any other line. */
export function parseFence(line: string): Fence | undefined {
  const [, marks = '', rest = ''] = OPENING.exec(line) ?? [];
  // Back-ticks after back-ticks are code within a line.
  if (marks === '' || (marks.startsWith('`') && rest.includes('`'))) return undefined;
  const [info = ''] = rest.trim().split(/\s+/);
  return { mark: marks.charCodeAt(0), length: marks.length, info: info.toLowerCase() };
}

/** What becomes of a character, and of those held before it. */
export const VERDICT = {
  /** It goes on its way; none is held. */
  pass: 0,
  /** It may belong to the closing fence: it is held. */
  hold: 1,
  /** Those held do not: they go on their way, and the character is to be offered again. */
  release: 2,
  /** The fence is closed: it and all that follows are dropped. */
  close: 3,
} as const;
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

export interface ClosingRules {
  /** Whether a closing line here ends the answer whatever follows, not only at its end. */
  readonly endsHere: () => boolean;
  /** Whether the last fence may stand at the end of a line instead of on its own. */
  readonly inline: boolean;
}

/** More marks than this are decoration, and more white space is no end of an answer. */
const MARKS_MAX = 64;
const SPACE_MAX = 256;

/**
 * Finds the fence that closes an answer. A bare fence closes it where the rules say so, or when
 * only white space follows; a fence with an info string opens one within the answer, and the next
 * bare one closes that.
 */
export class ClosingFence {
  readonly #fence: Fence;
  readonly #rules: ClosingRules;
  #place: 'text' | 'marks' | 'too-many' | 'spaces' | 'gap' = 'text';
  #held = '';
  #marks = 0;
  #onOwnLine = true;
  #lineIsBlank = true;
  #inner = false;
  #innerLine = false;
  #goesOn = false;

  constructor(fence: Fence, rules: ClosingRules) {
    this.#fence = fence;
    this.#rules = rules;
  }

  get held(): number {
    return this.#held.length;
  }

  /** After a `release`: what is held begins with a closing line of its own, and more follows it. */
  get goesOn(): boolean {
    return this.#goesOn;
  }

  /** Takes what was held, after a `release`. */
  takeHeld(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  /** Takes a character; `inText` is whether a fence may stand here at all. */
  step(character: string, inText: boolean): Verdict {
    const code = character.charCodeAt(0);
    switch (this.#place) {
      case 'text':
        if (code !== this.#fence.mark || !inText) return this.#pass(code);
        this.#place = 'marks';
        this.#marks = 1;
        this.#onOwnLine = this.#lineIsBlank;
        // Back-ticks later in the line: what looked like an inner fence is code within the line.
        if (this.#innerLine && code === BACK_TICK) this.#inner = false;
        return this.#hold(character);
      case 'too-many':
        if (code !== this.#fence.mark) this.#place = 'text';
        return this.#pass(code);
      case 'marks':
        return this.#afterMarks(character, code);
      case 'spaces':
        if (code === NEWLINE) return this.#bareLine(character);
        return this.#white(character, code);
      default:
        return this.#white(character, code);
    }
  }

  /** The answer has ended: what was held and is no fence. */
  finish(): string {
    const closes = this.#place !== 'text' && this.#marks >= this.#fence.length && !this.#inner;
    const held = this.takeHeld();
    return closes && (this.#onOwnLine || this.#rules.inline) ? '' : held;
  }

  #afterMarks(character: string, code: number): Verdict {
    if (code === this.#fence.mark) {
      this.#marks += 1;
      if (this.#marks <= MARKS_MAX) return this.#hold(character);
      this.#release();
      this.#place = 'too-many';
      return VERDICT.release;
    }
    if (code === NEWLINE) return this.#bareLine(character);
    if (isSpace(code) && this.#marks >= LENGTH_MIN) {
      this.#place = 'spaces';
      return this.#hold(character);
    }
    return this.#otherText();
  }

  /** A line of nothing but marks has ended. */
  #bareLine(character: string): Verdict {
    const closes = this.#marks >= this.#fence.length;
    if (this.#inner && this.#onOwnLine && this.#marks >= LENGTH_MIN) {
      this.#inner = false;
      return this.#release();
    }
    if (!closes) return this.#release();
    if (this.#onOwnLine && this.#rules.endsHere()) return VERDICT.close;
    this.#place = 'gap';
    return this.#hold(character);
  }

  /** White space after the marks, or their end. */
  #white(character: string, code: number): Verdict {
    if (!isSpace(code)) return this.#otherText();
    return this.#held.length < MARKS_MAX + SPACE_MAX ? this.#hold(character) : this.#release();
  }

  #otherText(): Verdict {
    const opens = this.#place !== 'gap' && this.#marks >= LENGTH_MIN && this.#onOwnLine;
    if (opens) this.#inner = true;
    const verdict = this.#release();
    this.#innerLine = opens;
    return verdict;
  }

  #hold(character: string): Verdict {
    this.#held += character;
    return VERDICT.hold;
  }

  #release(): Verdict {
    // After a gap comes the beginning of a line; else the marks stand before.
    this.#lineIsBlank = this.#place === 'gap';
    this.#goesOn = this.#place === 'gap' && this.#onOwnLine && !this.#inner;
    this.#place = 'text';
    return VERDICT.release;
  }

  #pass(code: number): Verdict {
    if (code === NEWLINE) {
      this.#lineIsBlank = true;
      this.#innerLine = false;
    } else if (!isSpace(code)) {
      this.#lineIsBlank = false;
    }
    return VERDICT.pass;
  }
}
