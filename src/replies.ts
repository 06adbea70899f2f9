/** How the engine answers: from the cache, as a stream, or with an honest status. */

import type { Answer } from './caching/answer.ts';
import type { CachePolicy } from './caching/policy.ts';
import type { Completion, Outcome } from './completion.ts';
import type { MuseError } from './errors.ts';
import type { Header, Reply } from './exchange.ts';
import { follow } from './follow.ts';
import type { Asked } from './request.ts';

/** Sends a page that the cache had. */
export function sendKept(reply: Reply, answer: Answer, ttl: number, now: number): void {
  const { lifetime, age } = timesOf(answer, ttl, now);
  reply.head(200, [
    ...answer.headers,
    ['Content-Length', String(answer.body.length)],
    ['Age', String(age)],
    ['Cache-Control', `max-age=${lifetime}`],
    ['Cache-Status', hitStatus(answer, ttl, now)],
  ]);
  reply.write(answer.body);
  reply.end('whole');
}

/** Cache-Status of what the cache had. */
export function hitStatus(answer: Answer, ttl: number, now: number): string {
  const { lifetime, age } = timesOf(answer, ttl, now);
  // RFC 9211, section 2.4: ttl is what is left of the lifetime.
  return `muse; hit; ttl=${lifetime - age}`;
}

/** Seconds. */
function timesOf(answer: Answer, ttl: number, now: number): { lifetime: number; age: number } {
  return {
    lifetime: Math.floor(Math.min(answer.freshMs, ttl * 1_000) / 1_000),
    age: Math.max(0, Math.floor((now - answer.storedAt) / 1_000)),
  };
}

/**
 * The head of a page that is being written. It promises what the cache will keep. `joined`: it is
 * another visitor's, too.
 */
export function streamHead(
  headers: readonly Header[],
  asked: Pick<Asked, 'cache' | 'isStale' | 'method'>,
  policy: CachePolicy,
  joined: boolean,
): Header[] {
  return [
    ...headers,
    ['Cache-Control', policy.store ? `max-age=${policy.ttl}` : 'no-store'],
    ['Cache-Status', missStatus(asked, policy, joined)],
  ];
}

/** Cache-Status of what is being written; `joined` is as above (RFC 9211, section 2.6). */
export function missStatus(
  asked: Pick<Asked, 'cache' | 'isStale' | 'method'>,
  policy: CachePolicy,
  joined: boolean,
): string {
  const miss = asked.isStale ? 'stale' : 'uri-miss';
  const passedOver = asked.method === 'POST' ? 'method' : 'bypass';
  const forward = asked.cache === 'on' && policy.lookUp ? miss : passedOver;
  const status = `muse; fwd=${forward}${policy.store ? '; stored' : ''}`;
  return joined ? `${status}; collapsed` : status;
}

/**
 * Sends what `completion` writes as it comes, at the pace of the client. The head goes with the
 * first of it, so that a failure before it can still be told by a status. Resolves when the answer
 * has ended or the client has left.
 *
 * @returns the answer's outcome; undefined when the client left before it.
 * @throws {BadHeadError} as `reply.head` does.
 */
export function sendWritten(
  completion: Completion,
  reply: Reply,
  head: () => readonly Header[],
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  let begun = false;
  const take = (piece: Buffer): Promise<void> | undefined => {
    if (!begun) reply.head(200, head());
    begun = true;
    return reply.write(piece);
  };
  return follow(completion, 0, take, signal);
}

/** Sends an answer that has ended and that the cache has not. */
export function sendEnded(reply: Reply, body: Buffer, headers: readonly Header[]): void {
  const length: Header = ['Content-Length', String(body.length)];
  reply.head(200, [...headers, length, ['Cache-Control', 'no-store']]);
  reply.write(body);
  reply.end('whole');
}

/** Tells a reader of events who comes back by itself that there is no more: it stops then. */
export function sendNothingMore(reply: Reply): void {
  reply.head(204, [['Cache-Control', 'no-store']]);
  reply.end('whole');
}

/** Tells why there is no page; httpd makes the body. Nothing may have been sent before. */
export function sendFailure(reply: Reply, error: MuseError): void {
  const head: Header[] = [
    ['Muse-Error', error.code],
    ['Cache-Control', 'no-store'],
  ];
  if (error.retryAfter !== undefined) head.push(['Retry-After', String(error.retryAfter)]);
  if (error.allow !== undefined) head.push(['Allow', error.allow]);
  reply.head(error.status, head);
  reply.end('whole');
}
