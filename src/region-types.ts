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
  | 'hits'
  | 'stale'
  | 'joined'
  | 'misses'
  | 'returned'
  | 'limited'
  | 'errors'
  | 'abandoned'
  | 'completions'
  | 'failures';

/** What of a model is added up; native/region/muse_usage.h says what and in which unit. */
export type Use = 'completions' | 'failures' | 'inputTokens' | 'outputTokens' | 'cost' | 'saved';

export type BudgetUnit = 'tokens' | 'cost';

/** `held`: others have reserved what is left. `gone`: nothing is left of it today. */
export type BudgetAnswer = 'taken' | 'held' | 'gone';

/** What native/region/muse_budget.h says of an attempt to reserve. */
export interface Reservation {
  readonly answer: BudgetAnswer;
  /** Whether nobody was told of this change before. */
  readonly isNews: boolean;
  /** These two name it where it is settled. */
  readonly slot: number;
  readonly day: number;
}

/** As muse_models_state in native/region/muse_reports.h. */
export type ModelsState = 'unknown' | 'loaded' | 'invalid' | 'absent' | 'implicit';

/** As muse_endpoint_state there. */
export type EndpointState = 'untried' | 'up' | 'failing' | 'resting' | 'limited' | 'unusable';

export interface EndpointReport {
  readonly model: string;
  /** Empty for a model without a network. */
  readonly url: string;
  readonly state: EndpointState;
  /** Calls under way. */
  readonly active: number;
  /** For how long it is left alone. */
  readonly restMs: number;
}

/** What an engine says of itself. */
export interface EngineReport {
  readonly models: ModelsState;
  /** Answers that are being written. */
  readonly inFlight: number;
  readonly endpoints: readonly EndpointReport[];
  /** Endpoints that found no room. */
  readonly leftOut: number;
}
