/** How a program gets a completion: as a stream or as one object. */

import type { Answer } from '../caching/answer.ts';
import type { Header, Reply } from '../exchange.ts';
import type { Flight } from '../flight.ts';

export interface ChatForm {
  /** Sends a completion that the cache had. `head`: what is said of it beside its own type. */
  sendKept(reply: Reply, answer: Answer, head: readonly Header[]): void;
  /** Sends what is being written, or why there is nothing. Resolves early when the client leaves. */
  sendWritten(
    reply: Reply,
    flight: Flight,
    head: readonly Header[],
    signal: AbortSignal,
  ): Promise<void>;
}
