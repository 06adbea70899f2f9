/** What goes into the region and comes out of it, as JavaScript has it. */

/** An answer; or an alias, whose body is the 20 bytes of another key. Times are `nowMs()`'s. */
export interface RegionEntry {
  /** When its provider wrote it. */
  readonly storedAt: number;
  readonly freshUntil: number;
  readonly staleUntil: number;
  readonly alias: boolean;
  /** Lines `Name: value\n`. */
  readonly head: Buffer;
  readonly body: Buffer;
}

export interface RegionModel {
  /** At most 127 bytes of UTF-8. */
  readonly name: string;
  /** SHA-1 over the settings that shape an answer. */
  readonly digest: Buffer;
  /** Seconds; absent when models.json does not say. */
  readonly ttl?: number;
}

export interface RegionSizes {
  readonly storeBytes?: number;
  /** A power of two. */
  readonly shards?: number;
  readonly clients?: number;
}

export interface RegionStats {
  readonly entries: number;
  readonly bytesUsed: number;
  readonly bytesTotal: number;
  /** Entries that gave way to newer ones. */
  readonly evicted: number;
  /** Shards that were emptied because a process died in them. */
  readonly recovered: number;
}

export interface Limit {
  readonly perMinute: number;
  readonly burst: number;
}

/** Times are nanoseconds from now. */
export interface LimitResult {
  readonly allowed: boolean;
  readonly remaining: number;
  readonly retryAfter: bigint;
  readonly resetAfter: bigint;
}

export type EngineState = 'none' | 'starting' | 'ready' | 'down';

export interface EngineInfo {
  readonly state: EngineState;
  /** Ends in a row without having been ready in between. */
  readonly failures: number;
  /** 0 when there is none. */
  readonly pid: number;
  readonly changedAt: number;
  /** 0 before the first heartbeat. */
  readonly beatAt: number;
}

/** What each counts is said in native/region/muse_counters.h. */
export type Counter =
  | 'requests'
  | 'hits'
  | 'stale'
  | 'misses'
  | 'limited'
  | 'errors'
  | 'abandoned'
  | 'completions'
  | 'failures';
