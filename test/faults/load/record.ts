/** What became of one request. */

import type { KindName } from './kinds.ts';

/**
 * `whole`: all of it, and right. `aborted`: told to be incomplete by the way it ended. `refused`: a
 * status of 4xx or 5xx. `left`: by the visitor, on purpose. `lost`: no answer at all. `late`: no end
 * in time. `wrong`: something else than was asked for, or less, as if it were whole.
 */
export type Outcome = 'whole' | 'aborted' | 'refused' | 'left' | 'lost' | 'late' | 'wrong';

export interface RequestRecord {
  readonly kind: KindName;
  readonly id: string;
  /** `performance.now()` when it was sent and when it was over. */
  readonly start: number;
  readonly end: number;
  /** Milliseconds until the head; undefined: it never came. */
  readonly headMs: number | undefined;
  readonly outcome: Outcome;
  /** What is to be known of an outcome that is not `whole`. */
  readonly detail: string;
  readonly status: number;
  /** Whether httpd or the engine had it in the cache. */
  readonly hit: boolean;
  /** Sent again, because a kept connection was closed just when it was to be used. */
  readonly retried: boolean;
  /** Its connection was to a child that the script killed or stopped. */
  readonly victim: boolean;
}
