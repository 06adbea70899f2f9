/** What is being written, by content key: who asks for it meanwhile reads along. */

import type { Completion } from './completion.ts';

export class UnderWay<Flight extends { readonly completion: Completion }> {
  readonly #byKey = new Map<string, Flight>();

  /** What is written under `key`, if there is anything that may still be joined. */
  find(key: string): Flight | undefined {
    const flight = this.#byKey.get(key);
    return flight !== undefined && mayBeJoined(flight.completion) ? flight : undefined;
  }

  /** Lets others find `flight` until its completion has ended. */
  add(key: string, flight: Flight): void {
    this.#byKey.set(key, flight);
    void flight.completion.ended.then(() => {
      // Whoever looked into the cache just before the answer was there finds it here a turn longer.
      setImmediate(() => {
        if (this.#byKey.get(key) === flight) this.#byKey.delete(key);
      });
    });
  }
}

/** A failure is for those who waited for it; who comes after them has the page tried again. */
function mayBeJoined({ isAborted, outcome }: Completion): boolean {
  return !isAborted && (outcome === undefined || outcome.kind === 'whole');
}
