/**
 * An answer that is to be JSON. It is held until it is whole: half of it is of no use to a program,
 * and a broken one shall be an error and no page.
 */

import { MuseError } from '../errors.ts';
import type { Cleaner, CleaningOutcome, NoticeKind } from './cleaning.ts';

export class JsonCleaner implements Cleaner {
  readonly #text: Cleaner;
  readonly #bytesMax: number;
  readonly #pieces: string[] = [];
  #bytes = 0;
  #outcome: CleaningOutcome = 'pending';

  /** `text` takes away reasoning, and keeps fences. */
  constructor(text: Cleaner, bytesMax: number) {
    this.#text = text;
    this.#bytesMax = bytesMax;
  }

  get outcome(): CleaningOutcome {
    return this.#outcome;
  }

  get held(): number {
    return this.#text.held + this.#bytes;
  }

  /** @throws {MuseError} `answer-too-long` */
  push(text: string): string {
    this.#keep(this.#text.push(text));
    return '';
  }

  pushReasoning(text: string): void {
    this.#text.pushReasoning(text);
  }

  end(): string {
    this.#keep(this.#text.end());
    this.#outcome = this.#text.outcome;
    if (this.#outcome !== 'answer') return '';
    const json = findJson(this.#pieces.join(''));
    if (json === undefined) this.#outcome = 'not-json';
    return json === undefined ? '' : `${json}\n`;
  }

  /** There is no place for a notice in JSON, nor anything before it. */
  notice(_kind: NoticeKind): string {
    this.#outcome = 'not-json';
    return '';
  }

  #keep(text: string): void {
    this.#pieces.push(text);
    this.#bytes += Buffer.byteLength(text);
    // The line break at the end counts, too.
    if (this.#bytes < this.#bytesMax) return;
    const advice = 'see MuseAiMaxPageSize';
    const message = `the answer has more than ${this.#bytesMax} bytes; ${advice}`;
    throw new MuseError('answer-too-long', message);
  }
}

const OPENING = /(?:```|~~~)[`~]{0,61}[ \t]{0,8}[\w+-]*[ \t]{0,8}\r?\n/;
const CLOSING = /\n[ \t]*(?:```|~~~)/;

/** The JSON in an answer, as the model wrote it: all of it, or what stands in a fence or in chatter. */
function findJson(answer: string): string | undefined {
  const start = answer.search(/[[{]/);
  const end = Math.max(answer.lastIndexOf('}'), answer.lastIndexOf(']'));
  const inChatter = start < 0 ? undefined : answer.slice(start, end + 1);
  const candidates = [answer, inFence(answer), inChatter];
  return candidates.map((text) => text?.trim()).find((text) => text !== undefined && isJson(text));
}

function inFence(answer: string): string | undefined {
  const opening = OPENING.exec(answer);
  if (opening === null) return undefined;
  const text = answer.slice(opening.index + opening[0].length);
  const closing = CLOSING.exec(text);
  return closing ? text.slice(0, closing.index) : text;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // The message would quote the answer; that it is none is all that matters.
    return false;
  }
}
