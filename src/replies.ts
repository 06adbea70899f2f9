/** How the engine answers: from the cache, as a stream, or with an honest status. */

import type { Answer } from './caching/answer.ts';
import type { CachePolicy } from './caching/policy.ts';
import type { Completion, Outcome, Reader } from './completion.ts';
import type { MuseError } from './errors.ts';
import type { Header, Reply } from './exchange.ts';
import type { Asked } from './request.ts';

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

/**
 * The head of a page that is being written. It promises what the cache will keep. `joined`: it is
 * another visitor's, too (RFC 9211, section 2.6).
 */
export function streamHead(
  headers: readonly Header[],
  asked: Pick<Asked, 'cache' | 'isStale'>,
  policy: CachePolicy,
  joined: boolean,
): Header[] {
  const miss = asked.isStale ? 'stale' : 'uri-miss';
  const forward = asked.cache === 'on' && policy.lookUp ? miss : 'bypass';
  const status = `muse; fwd=${forward}${policy.store ? '; stored' : ''}`;
  return [
    ...headers,
    ['Cache-Control', policy.store ? `max-age=${policy.ttl}` : 'no-store'],
    ['Cache-Status', joined ? `${status}; collapsed` : status],
  ];
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
  head: readonly Header[],
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  return new Promise((resolve, reject) => {
    let at = 0;
    let isSlow = false;
    const over = (): void => {
      signal.removeEventListener('abort', leave);
      completion.leave(reader);
    };
    const leave = (): void => {
      over();
      resolve(undefined);
    };
    const send = (): void => {
      for (let piece = completion.read(at); piece !== undefined; piece = completion.read(at)) {
        if (at === 0) reply.head(200, head);
        at += piece.length;
        const left = reply.write(piece);
        if (left === undefined) continue;
        isSlow = true;
        void left.then(() => {
          isSlow = false;
          reader.wake();
        });
        return;
      }
      if (completion.outcome === undefined) return;
      over();
      resolve(completion.outcome);
    };
    const reader: Reader = {
      wake() {
        if (isSlow || signal.aborted) return;
        try {
          send();
        } catch (error) {
          over();
          reject(error);
        }
      },
    };
    signal.addEventListener('abort', leave);
    completion.join(reader);
    if (signal.aborted) leave();
    else reader.wake();
  });
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
