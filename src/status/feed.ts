/** Looks at the numbers once a second while somebody looks at the page, and never else. */

import type { Clock, Timer } from '../clock.ts';
import { parseSnapshot, type Snapshot } from './snapshot.ts';

/** Milliseconds from one look to the next. */
const PERIOD_MS = 1_000;
/** How many looks the page's curve shows. */
export const HISTORY = 60;

/** A look at the numbers, and what they were before. */
export interface View {
  readonly now: Snapshot;
  /** Requests that ended in each second before, the latest last; at most HISTORY. */
  readonly rates: readonly number[];
}

export type Watcher = (view: View) => void;

export class StatusFeed {
  readonly #take: () => string;
  readonly #clock: Clock;
  readonly #watchers = new Set<Watcher>();
  #rates: number[] = [];
  #last: { readonly total: number; readonly at: number } | undefined;
  #timer: Timer | undefined;

  /** `take` gives a snapshot as JSON. */
  constructor(take: () => string, clock: Clock) {
    this.#take = take;
    this.#clock = clock;
  }

  look(): View {
    return { now: parseSnapshot(this.#take()), rates: this.#rates };
  }

  /** Shows `watcher` each look from now on; the returned function ends that. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    if (this.#timer === undefined) this.#plan();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      this.#timer?.clear();
      this.#timer = undefined;
      this.#last = undefined;
      this.#rates = [];
    };
  }

  #plan(): void {
    this.#timer = this.#clock.after(PERIOD_MS, () => {
      this.#plan();
      const now = parseSnapshot(this.#take());
      this.#note(now.requests.total);
      const view: View = { now, rates: this.#rates };
      for (const watcher of [...this.#watchers]) watcher(view);
    });
  }

  #note(total: number): void {
    const at = this.#clock.uptime();
    const last = this.#last;
    this.#last = { total, at };
    if (last === undefined || at <= last.at) return;
    const rate = ((total - last.total) * 1_000) / (at - last.at);
    this.#rates = [...this.#rates, Math.max(0, rate)].slice(-HISTORY);
  }
}
