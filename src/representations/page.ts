/** The page itself. */

import type { CachePolicy } from '../caching/policy.ts';
import type { Clock } from '../clock.ts';
import type { Outcome } from '../completion.ts';
import type { Header } from '../exchange.ts';
import { headersOf, policyFor } from '../flight.ts';
import type { JobFacts } from '../job.ts';
import { sendFailure, sendKept, sendWritten, streamHead } from '../replies.ts';
import type { Asked } from '../request.ts';
import type { Representation } from './representation.ts';

export function asPage({ headers, policy }: JobFacts, asked: Asked, clock: Clock): Representation {
  const headOf = (said: readonly Header[], written: CachePolicy, joined: boolean) =>
    streamHead(said, asked, written, joined);
  return {
    // Once it has begun there is no more to say than that it broke off.
    isStream: false,
    isOver: false,
    head: (joined) => headOf(headers, policy, joined),
    async sendKept(reply, answer) {
      sendKept(reply, answer, policy.ttl, clock.now());
    },
    // Who reads a page begins at its beginning.
    findEnded: () => undefined,
    sendWritten: (flight, reply, joined, signal) =>
      sendWritten(
        flight.completion,
        reply,
        () => headOf(headersOf(flight, headers), policyFor(flight.writer, policy), joined),
        signal,
      ),
    end(reply, outcome) {
      if (outcome.kind === 'failed') sendFailure(reply, outcome.error);
      else reply.end(isWhole(outcome) ? 'whole' : 'broken');
    },
  };

  /** Whether it may end in order. A page that promised a max-age is aborted if it was cut. */
  function isWhole(outcome: Outcome): boolean {
    return outcome.kind === 'whole' || (outcome.kind === 'cut' && !policy.store);
  }
}
