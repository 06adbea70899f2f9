/** Does its work and tells when to be called next, in milliseconds of `performance.now()`. */
export type Paced = () => number | undefined;

/**
 * One timer for thousands of streams: a list for each millisecond. Who is due when is reckoned
 * from when it was due before, so that being late once does not make it late for ever.
 */
export class Pacer {
  readonly #due = new Map<number, Paced[]>();
  #timer: NodeJS.Timeout | undefined;
  /** The last millisecond that was looked at. */
  #at = 0;

  /** Calls `paced` at `ms`, or as soon as possible when that is past. */
  add(ms: number, paced: Paced): void {
    if (this.#timer === undefined) {
      this.#at = Math.floor(performance.now());
      this.#timer = setInterval(() => this.#turn(), 1);
    }
    const tick = Math.max(Math.floor(ms), this.#at + 1);
    const list = this.#due.get(tick);
    if (list === undefined) this.#due.set(tick, [paced]);
    else list.push(paced);
  }

  #turn(): void {
    const now = Math.floor(performance.now());
    while (this.#at < now) {
      this.#at += 1;
      const list = this.#due.get(this.#at);
      if (list === undefined) continue;
      this.#due.delete(this.#at);
      for (const paced of list) {
        const next = paced();
        if (next !== undefined) this.add(next, paced);
      }
    }
    if (this.#due.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
