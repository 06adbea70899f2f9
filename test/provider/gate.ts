/**
 * A gate that a scripted answer waits at until the test lets it pass, so that a test waits for
 * conditions and never for time.
 */
export class Gate {
  #permits = 0;
  #arrivals = 0;
  readonly #waiting: { pass: () => void }[] = [];
  readonly #watchers: { count: number; seen: () => void }[] = [];

  /** How many times an answer has come to this gate so far. */
  get arrivals(): number {
    return this.#arrivals;
  }

  /** Lets `count` arrivals pass: those that wait already, then those still to come. */
  release(count = 1): void {
    this.#permits += count;
    while (this.#permits > 0) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#permits -= 1;
      next.pass();
    }
  }

  /** Lets everything pass, now and from now on. */
  open(): void {
    this.release(Number.POSITIVE_INFINITY);
  }

  /** Resolves once answers have come to this gate at least `count` times in all. */
  arrived(count = 1): Promise<void> {
    if (this.#arrivals >= count) return Promise.resolve();
    return new Promise((seen) => {
      this.#watchers.push({ count, seen });
    });
  }

  /** The provider's side: waits for a permit, or returns early when `signal` is aborted. */
  pass(signal: AbortSignal): Promise<void> {
    this.#arrivals += 1;
    for (const watcher of this.#watchers) if (this.#arrivals >= watcher.count) watcher.seen();
    if (signal.aborted) return Promise.resolve();
    if (this.#permits > 0) {
      this.#permits -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const entry = {
        pass: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      const leave = () => {
        const index = this.#waiting.indexOf(entry);
        if (index >= 0) this.#waiting.splice(index, 1);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(entry);
    });
  }
}
