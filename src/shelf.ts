/** Values that are kept for a while: bounded in time, number and bytes. The oldest go first. */

import type { Clock, Timer } from './clock.ts';

export interface ShelfLimits {
  readonly ms: number;
  readonly number: number;
  readonly bytes: number;
}

interface Kept<V> {
  readonly value: V;
  readonly bytes: number;
  readonly timer: Timer;
}

export class Shelf<V> {
  readonly #clock: Clock;
  readonly #limits: ShelfLimits;
  readonly #byKey = new Map<string, Kept<V>>();
  #bytes = 0;

  constructor(clock: Clock, limits: ShelfLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** `bytes`: what the value takes; one larger than the whole shelf is not kept. */
  put(key: string, value: V, bytes: number): void {
    this.remove(key);
    const timer = this.#clock.after(this.#limits.ms, () => this.remove(key));
    this.#byKey.set(key, { value, bytes, timer });
    this.#bytes += bytes;
    for (const oldest of this.#byKey.keys()) {
      if (this.#byKey.size <= this.#limits.number && this.#bytes <= this.#limits.bytes) return;
      this.remove(oldest);
    }
  }

  get(key: string): V | undefined {
    return this.#byKey.get(key)?.value;
  }

  *values(): Iterable<V> {
    for (const { value } of this.#byKey.values()) yield value;
  }

  remove(key: string): void {
    const kept = this.#byKey.get(key);
    if (kept === undefined) return;
    kept.timer.clear();
    this.#byKey.delete(key);
    this.#bytes -= kept.bytes;
  }
}
