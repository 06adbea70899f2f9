/**
 * Completions that ended a moment ago and are not in the cache: a reader of events whose
 * connection broke just then can still have the rest.
 */

import type { Clock } from '../clock.ts';
import type { Flight } from '../flight.ts';
import { Shelf } from '../shelf.ts';
import { isIn, type Position } from './position.ts';

export const RECENTLY_ENDED = { ms: 60_000, number: 64, bytes: 16 * 1_048_576 };

export class RecentlyEnded {
  readonly #shelf: Shelf<{ readonly key: string; readonly flight: Flight }>;
  readonly #watched = new WeakSet<Flight>();
  #count = 0;

  constructor(clock: Clock) {
    this.#shelf = new Shelf(clock, RECENTLY_ENDED);
  }

  /** Someone reads `flight`, of this content key, as events. */
  watch(key: string, flight: Flight): void {
    if (this.#watched.has(flight)) return;
    this.#watched.add(flight);
    const { completion } = flight;
    void completion.ended.then(() => {
      const { outcome, isAborted, length } = completion;
      if (isAborted || outcome === undefined || outcome.kind === 'failed') return;
      if (outcome.kind === 'whole' && outcome.kept !== undefined) return;
      this.#count += 1;
      this.#shelf.put(String(this.#count), { key, flight }, length);
    });
  }

  /** One that has what `position` says before it. */
  find(key: string, position: Position): Flight | undefined {
    for (const { key: one, flight } of this.#shelf.values()) {
      if (one === key && isIn(position, (at) => flight.completion.read(at))) return flight;
    }
    return undefined;
  }
}
