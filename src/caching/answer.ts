/** A complete page as the caches keep it. */

import { hash } from 'node:crypto';
import type { Header } from '../exchange.ts';
import type { AnswerFacts } from '../facts.ts';

export interface Answer {
  /** What the body is: Content-Type, Content-Language, ETag. */
  readonly headers: readonly Header[];
  readonly body: Buffer;
  /** How it was written; undefined: nobody knows any more. */
  readonly facts?: AnswerFacts | undefined;
  /** When it was written: wall clock, milliseconds. */
  readonly storedAt: number;
  /** For how long after that it is fresh: milliseconds. */
  readonly freshMs: number;
  /** For how long after that it may be served stale: milliseconds. */
  readonly staleMs: number;
}

const ETAG_DIGITS = 32;

/** An answer of `body`, written at `now`, with a strong ETag beside `headers`. */
export function makeAnswer(
  body: Buffer,
  headers: readonly Header[],
  now: number,
  freshMs: number,
  staleMs: number,
  facts?: AnswerFacts,
): Answer {
  const digest = hash('sha1', body, 'hex').slice(0, ETAG_DIGITS);
  const all: Header[] = [...headers, ['ETag', `"${digest}"`]];
  return { headers: all, body, storedAt: now, freshMs, staleMs, facts };
}
