import type { RegionPages } from '../../../src/caching/region-store.ts';
import type { PublishedModel } from '../../../src/models/registry.ts';
import type { RegionEntry } from '../../../src/region-types.ts';
import type { ManualClock } from './clock.ts';

/** A region in a Map, on a clock of its own that is far from the wall clock, as the real one. */
export class MemoryRegion implements RegionPages {
  readonly entries = new Map<string, RegionEntry>();
  /** Seconds of the last `hold` of each key. */
  readonly held = new Map<string, number>();
  models: readonly PublishedModel[] = [];
  defaultIndex = 0;
  published = 0;
  epoch = 1;
  /** Thrown by the next `put`. */
  failure: Error | undefined;
  readonly #clock: ManualClock;
  readonly #offset: number;

  constructor(clock: ManualClock) {
    this.#clock = clock;
    this.#offset = clock.now() - 5_000;
  }

  get(key: Buffer): RegionEntry | undefined {
    const entry = this.entries.get(key.toString('hex'));
    return entry !== undefined && entry.staleUntil > this.nowMs() ? entry : undefined;
  }

  put(key: Buffer, entry: RegionEntry): void {
    if (this.failure !== undefined) throw this.failure;
    this.entries.set(key.toString('hex'), { ...entry, body: Buffer.from(entry.body) });
  }

  hold(key: Buffer, seconds: number): boolean {
    this.held.set(key.toString('hex'), seconds);
    return this.entries.has(key.toString('hex'));
  }

  remove(key: Buffer): boolean {
    return this.entries.delete(key.toString('hex'));
  }

  clear(): void {
    this.entries.clear();
  }

  nowMs(): number {
    return this.#clock.now() - this.#offset;
  }

  publishModels(models: readonly PublishedModel[], defaultIndex: number): void {
    this.models = models;
    this.defaultIndex = defaultIndex;
    this.published += 1;
  }
}
