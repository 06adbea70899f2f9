/**
 * The region's clock beside the wall clock, in milliseconds. They are read one after the other, and
 * the process may have to wait in between: the difference that seems to be is too large then. What
 * is converted there and back has to be the same again: an alias that is fresh for longer than what
 * it leads to would keep httpd from having that written anew.
 */

import type { Clock } from '../clock.ts';

/** From here on the difference has changed as the wall clock was set back, and not by a wait. */
const SET_MS = 1_000;

export class RegionTime {
  readonly #region: { nowMs(): number };
  readonly #clock: Clock;
  #ahead = Number.POSITIVE_INFINITY;

  constructor(region: { nowMs(): number }, clock: Clock) {
    this.#region = region;
    this.#clock = clock;
  }

  /** By how much the region's clock is ahead of the wall clock: what to add to a wall clock's time. */
  ahead(): number {
    const now = this.#clock.now();
    const ahead = this.#region.nowMs() - now;
    if (ahead < this.#ahead || ahead > this.#ahead + SET_MS) this.#ahead = ahead;
    return this.#ahead;
  }
}
