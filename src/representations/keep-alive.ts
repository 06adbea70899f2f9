/** Says something whenever nothing was said for a while. */

import type { Clock, Timer } from '../clock.ts';

export class KeepAlive {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #say: () => void;
  #timer: Timer;

  /** `say` is called `ms` after now, and again and again, until `stop`. It must not throw. */
  constructor(clock: Clock, ms: number, say: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#say = say;
    this.#timer = this.#start();
  }

  /** Something else was said just now. */
  reset(): void {
    this.#timer.clear();
    this.#timer = this.#start();
  }

  stop(): void {
    this.#timer.clear();
  }

  #start(): Timer {
    return this.#clock.after(this.#ms, () => {
      this.#timer = this.#start();
      this.#say();
    });
  }
}
