/** What native/region/muse_snapshot_json.c writes, as the status page reads it. */

import type { BudgetUnit, EndpointState, EngineState, ModelsState } from '../region-types.ts';

/** The outcomes of requests, as they are counted. */
export const OUTCOMES = ['hit', 'stale', 'joined', 'miss', 'returned', 'limited', 'error'] as const;
export type OutcomeName = (typeof OUTCOMES)[number];

export interface Times {
  /** Cumulative; the last one has no bound. */
  readonly buckets: readonly { readonly le: number | null; readonly count: number }[];
  readonly count: number;
  /** Seconds. */
  readonly sum: number;
}

export interface Snapshot {
  readonly status: 'ok' | 'degraded' | 'down';
  readonly problems: readonly string[];
  readonly version: string;
  readonly uptime_seconds: number;
  readonly requests: Readonly<Record<OutcomeName | 'total', number>>;
  readonly abandoned: number;
  readonly completions: number;
  readonly completions_failed: number;
  readonly time_to_first_byte: Times;
  readonly response_time: Times;
  readonly models: readonly {
    readonly name: string;
    readonly completions: number;
    readonly failures: number;
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly cost: number;
    readonly cost_saved: number;
  }[];
  readonly budgets: readonly {
    readonly name: string;
    readonly unit: BudgetUnit;
    readonly limit: number;
    readonly used: number;
    readonly gone: boolean;
  }[];
  readonly engines: readonly {
    readonly engine: number;
    readonly up: boolean;
    readonly state: EngineState;
    readonly restarts: number;
    readonly in_flight: number;
    readonly models: ModelsState;
  }[];
  readonly endpoints: readonly {
    readonly engine: number;
    readonly model: string;
    readonly url: string;
    readonly state: EndpointState;
    readonly active: number;
    readonly rest_seconds: number;
  }[];
  readonly cache: {
    readonly entries: number;
    readonly bytes: number;
    readonly size: number;
    readonly evicted: number;
  };
}

/** Our own library wrote it, in this build. */
export function parseSnapshot(json: string): Snapshot {
  return JSON.parse(json) as Snapshot;
}
