/** How the engine answers: from the cache, as a stream, or with an honest status. */

import type { Answer } from './caching/answer.ts';
import type { CachePolicy } from './caching/policy.ts';
import type { Completion, Outcome } from './completion.ts';
import type { MuseError } from './errors.ts';
import type { Header, Reply } from './exchange.ts';
import type { CacheMode } from './request.ts';

/** Sends a page that the cache had. */
export function sendKept(reply: Reply, answer: Answer, ttl: number, now: number): void {
  const lifetime = Math.floor(Math.min(answer.freshMs, ttl * 1_000) / 1_000);
  const age = Math.max(0, Math.floor((now - answer.storedAt) / 1_000));
  reply.head(200, [
    ...answer.headers,
    ['Content-Length', String(answer.body.length)],
    ['Age', String(age)],
    ['Cache-Control', `max-age=${lifetime}`],
    // RFC 9211, section 2.4: ttl is what is left of the lifetime.
    ['Cache-Status', `muse; hit; ttl=${lifetime - age}`],
  ]);
  reply.write(answer.body);
  reply.end('whole');
}

/** The head of a page that is about to be written. It promises what the cache will keep. */
export function streamHead(
  headers: readonly Header[],
  mode: CacheMode,
  policy: CachePolicy,
): Header[] {
  const forward = mode === 'on' && policy.lookUp ? 'uri-miss' : 'bypass';
  return [
    ...headers,
    ['Cache-Control', policy.store ? `max-age=${policy.ttl}` : 'no-store'],
    ['Cache-Status', `muse; fwd=${forward}${policy.store ? '; stored' : ''}`],
  ];
}

/**
 * Sends the pieces of `completion` as they come. The head goes with the first of them, so that a
 * failure before it can still be told by a status. Resolves when the answer has ended or the
 * client has left.
 *
 * @returns the answer's outcome; undefined when the client left before it.
 */
export async function sendPieces(
  completion: Completion,
  reply: Reply,
  head: readonly Header[],
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  let begun = false;
  for await (const piece of completion.read(signal)) {
    if (!begun) reply.head(200, head);
    begun = true;
    await reply.write(piece);
  }
  return signal.aborted ? undefined : completion.outcome;
}

/** Tells why there is no page; httpd makes the body. Nothing may have been sent before. */
export function sendFailure(reply: Reply, error: MuseError): void {
  const head: Header[] = [
    ['Muse-Error', error.code],
    ['Cache-Control', 'no-store'],
  ];
  if (error.retryAfter !== undefined) head.push(['Retry-After', String(error.retryAfter)]);
  reply.head(error.status, head);
  reply.end('whole');
}
