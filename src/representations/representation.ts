/** How an answer is put before whoever asks for it: as the page, or as events that tell of it. */

import type { Answer } from '../caching/answer.ts';
import type { Outcome } from '../completion.ts';
import type { Header, Reply } from '../exchange.ts';
import { noteFacts } from '../facts.ts';
import type { Flight } from '../flight.ts';
import type { Asked } from '../request.ts';

/** Made for one request. Of its calls that send, one is made, and `end` where it says so. */
export interface Representation {
  /** Whether its reader sees the answer grow, and is told at its end what went wrong. */
  readonly isStream: boolean;
  /** The reader has had all of its answer: it is told so, and nothing is looked for. */
  readonly isOver: boolean;
  /** The head of an answer that is being written; `joined`: it is another visitor's, too. */
  head(joined: boolean): readonly Header[];
  /** Sends an answer that the cache had, to its end. */
  sendKept(reply: Reply, answer: Answer, signal: AbortSignal): Promise<void>;
  /** An answer that has ended, but is not in the cache, which this reader can go on with. */
  findEnded(): Flight | undefined;
  /**
   * Sends what the flight has and writes, as it comes; `end` is to follow. Resolves with the
   * outcome, or with undefined when the client left before it.
   */
  sendWritten(
    flight: Flight,
    reply: Reply,
    joined: boolean,
    signal: AbortSignal,
  ): Promise<Outcome | undefined>;
  /** Ends what `sendWritten` sent, or tells by a status why there is nothing. */
  end(reply: Reply, outcome: Outcome): void;
}

/** One request on its way to its answer. */
export interface Visit {
  readonly asked: Asked;
  readonly reply: Reply;
  readonly signal: AbortSignal;
  readonly representation: Representation;
}

/** Sends an answer as it is written, to its end; `joined`: it is another visitor's, too. */
export async function sendAsWritten(
  { reply, signal, representation }: Visit,
  flight: Flight,
  joined: boolean,
): Promise<void> {
  noteFacts(reply, flight.writer.facts());
  const outcome = await representation.sendWritten(flight, reply, joined, signal);
  if (outcome === undefined) return;
  noteFacts(reply, flight.writer.facts());
  representation.end(reply, outcome);
}
