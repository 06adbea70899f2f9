/** How many calls go to one origin at once: the others wait in the order in which they came. */

/** A call that goes out or waits for that; `leave` ends either. */
export interface Slot {
  /** Resolves when the call may go out; undefined: at once. */
  readonly free: Promise<void> | undefined;
  leave(): void;
}

interface Origin {
  active: number;
  readonly waiting: Set<Waiting>;
}

interface Waiting {
  readonly most: number;
  readonly enter: () => void;
}

export class Slots {
  readonly #origins = new Map<string, Origin>();

  /** The next of at most `most` calls to `origin`. */
  enter(origin: string, most: number): Slot {
    const at = this.#origins.get(origin) ?? { active: 0, waiting: new Set() };
    this.#origins.set(origin, at);
    if (at.active < most && at.waiting.size === 0) {
      at.active += 1;
      return { free: undefined, leave: () => this.#left(origin, at) };
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting: Waiting = { most, enter: resolve };
    at.waiting.add(waiting);
    return {
      free: promise,
      leave: () => {
        if (!at.waiting.delete(waiting)) this.#left(origin, at);
      },
    };
  }

  #left(origin: string, at: Origin): void {
    at.active -= 1;
    for (const next of at.waiting) {
      if (at.active >= next.most) return;
      at.waiting.delete(next);
      at.active += 1;
      next.enter();
    }
    if (at.active === 0) this.#origins.delete(origin);
  }
}
