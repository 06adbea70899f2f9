/**
 * The region: memory that httpd and the engines share. This is the one place that loads the add-on
 * `muse_region.node`. Units, limits and guarantees are those of native/region/*.h.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type {
  BudgetAnswer,
  BudgetUnit,
  Counter,
  EndpointState,
  EngineInfo,
  EngineReport,
  EngineState,
  Limit,
  LimitResult,
  ModelsState,
  RegionEntry,
  RegionModel,
  RegionSizes,
  RegionStats,
  Reservation,
  Use,
} from './region-types.ts';

export type * from './region-types.ts';

const ENGINE_STATES: readonly EngineState[] = ['none', 'starting', 'ready', 'down']; // as in C

const MODELS_STATES: readonly ModelsState[] = [
  'unknown',
  'loaded',
  'invalid',
  'absent',
  'implicit',
];
const ENDPOINT_STATES: readonly EndpointState[] = [
  'untried',
  'up',
  'failing',
  'resting',
  'limited',
  'unusable',
];

const BUDGET_UNITS: readonly BudgetUnit[] = ['tokens', 'cost'];
const BUDGET_ANSWERS: readonly BudgetAnswer[] = ['taken', 'held', 'gone'];

/** What the region could not do. `code` is the library's status, such as `MUSE_TOO_LARGE`. */
export class RegionError extends Error {
  override readonly name = 'RegionError';
  readonly code: string;

  /** Called by the add-on too, with the first two arguments. */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

type NativeReservation = Omit<Reservation, 'answer'> & { readonly answer: number };

type NativeEngine = Omit<EngineInfo, 'state'> & { readonly state: number };

/** The class Region of native/addon/region_object.h. */
interface NativeRegion {
  readonly fd: number;
  readonly epoch: number;
  readonly modelsGeneration: number;
  readonly sizes: Required<RegionSizes>;
  detach(): void;
  get(key: Uint8Array, nowMs?: number): RegionEntry | undefined;
  put(
    key: Uint8Array,
    storedAt: number,
    freshUntil: number,
    staleUntil: number,
    alias: boolean,
    head: Uint8Array,
    body: Uint8Array,
  ): void;
  hold(key: Uint8Array, seconds: number): boolean;
  remove(key: Uint8Array): boolean;
  clear(): void;
  stats(): RegionStats;
  raiseEpoch(): number;
  publishModels(models: readonly RegionModel[], defaultIndex: number): void;
  models(): (RegionModel & { readonly isDefault: boolean })[];
  beat(engine: number): void;
  engine(index: number): NativeEngine;
  setEngine(index: number, state: number, failures: number, pid: number): void;
  take(id: Uint8Array, limit: Limit, nowNs?: bigint): LimitResult;
  claimCounters(): number;
  count(slot: number, counter: Counter, n: number): void;
  counters(): Readonly<Record<Counter, number>>;
  addUsage(model: string, use: Use, n: number): void;
  claimBudgets(): number;
  reserve(
    owner: number,
    name: string,
    unit: number,
    day: number,
    limit: number,
    amount: number,
  ): NativeReservation;
  settle(owner: number, slot: number, day: number, amount: number, used: number): void;
  notePrompt(path: string, state: Uint8Array): boolean;
  prompts(): readonly string[] | undefined;
  setReport(engine: number, report: object): void;
  snapshot(engines: number): string;
  nowMs(): number;
}

interface Addon {
  readonly Region: {
    create(sizes: RegionSizes): NativeRegion;
    attach(fd: number): NativeRegion;
  };
  setErrorClass(errorClass: typeof RegionError): void;
  hideMemory(): void;
}

/**
 * A handle of a region. Every method throws a {@link RegionError} for what the library refuses
 * (`MUSE_DETACHED` after `detach`) and a TypeError for a value that is none of its kind.
 */
export class Region {
  readonly #native: NativeRegion;

  private constructor(native: NativeRegion) {
    this.#native = native;
  }

  /** A new region: 64 MiB in 16 shards and 65,536 clients unless `sizes` says otherwise. */
  static create(sizes: RegionSizes = {}): Region {
    return new Region(loadAddon().Region.create(sizes));
  }

  /** The region behind a descriptor, which stays the caller's to close. */
  static attach(fd: number): Region {
    return new Region(loadAddon().Region.attach(fd));
  }

  /** The handle's own descriptor: another process or thread may attach to it. */
  get fd(): number {
    return this.#native.fd;
  }

  get sizes(): Required<RegionSizes> {
    return this.#native.sizes;
  }

  /** Lets the memory go. Every other method throws from now on; a second time does nothing. */
  detach(): void {
    this.#native.detach();
  }

  /** CLOCK_MONOTONIC in milliseconds, the clock of every time in the page store. */
  nowMs(): number {
    return this.#native.nowMs();
  }

  /** The entry under a key of 20 bytes, unless it is past `staleUntil` at `nowMs`. */
  get(key: Uint8Array, nowMs?: number): RegionEntry | undefined {
    return this.#native.get(key, nowMs);
  }

  /** @throws {RegionError} `MUSE_TOO_LARGE`, and what was under the key before is gone then. */
  put(key: Uint8Array, entry: RegionEntry): void {
    const { storedAt, freshUntil, staleUntil, alias, head, body } = entry;
    this.#native.put(key, storedAt, freshUntil, staleUntil, alias, head, body);
  }

  /**
   * Keeps everyone, for up to 3600 seconds, from having the stale entry under a key written anew;
   * a new entry ends that. Whether there was an entry.
   */
  hold(key: Uint8Array, seconds: number): boolean {
    return this.#native.hold(key, seconds);
  }

  /** Whether there was an entry. */
  remove(key: Uint8Array): boolean {
    return this.#native.remove(key);
  }

  clear(): void {
    this.#native.clear();
  }

  stats(): RegionStats {
    return this.#native.stats();
  }

  /** The prompt epoch; 1 at first. */
  get epoch(): number {
    return this.#native.epoch;
  }

  /** Makes every page key name nothing any more; returns the new epoch. */
  raiseEpoch(): number {
    return this.#native.raiseEpoch();
  }

  /** Replaces the model table; the same table again changes nothing. */
  publishModels(models: readonly RegionModel[], defaultIndex: number): void {
    this.#native.publishModels(models, defaultIndex);
  }

  models(): readonly (RegionModel & { readonly isDefault: boolean })[] {
    return this.#native.models();
  }

  /** 0 before the first table; grows with every table that differs from the last. */
  get modelsGeneration(): number {
    return this.#native.modelsGeneration;
  }

  /** An engine's heartbeat, now. */
  beat(engine: number): void {
    this.#native.beat(engine);
  }

  engine(index: number): EngineInfo {
    const info = this.#native.engine(index);
    return { ...info, state: ENGINE_STATES[info.state] ?? 'none' };
  }

  setEngine(index: number, state: EngineState, failures: number, pid: number): void {
    this.#native.setEngine(index, ENGINE_STATES.indexOf(state), failures, pid);
  }

  /** One request of a client: `id` names it, and `nowNs` is CLOCK_MONOTONIC's by default. */
  take(id: Uint8Array, limit: Limit, nowNs?: bigint): LimitResult {
    return this.#native.take(id, limit, nowNs);
  }

  /** This process's slot of counters. */
  claimCounters(): number {
    return this.#native.claimCounters();
  }

  count(slot: number, counter: Counter, n = 1): void {
    this.#native.count(slot, counter, n);
  }

  /** What all processes counted since the region was made. */
  counters(): Readonly<Record<Counter, number>> {
    return this.#native.counters();
  }

  /** Adds to what a model has used; costs are billionths. */
  addUsage(model: string, use: Use, n: number): void {
    this.#native.addUsage(model, use, n);
  }

  /** This process's number for what it reserves. What dead processes had reserved is used up. */
  claimBudgets(): number {
    return this.#native.claimBudgets();
  }

  /** Reserves `amount` of a budget that has `limit` a day; cost is in billionths. */
  reserve(
    owner: number,
    budget: { readonly name: string; readonly unit: BudgetUnit; readonly limit: number },
    day: number,
    amount: number,
  ): Reservation {
    const { name, unit, limit } = budget;
    const unitNumber = BUDGET_UNITS.indexOf(unit);
    const result = this.#native.reserve(owner, name, unitNumber, day, limit, amount);
    return { ...result, answer: BUDGET_ANSWERS[result.answer] ?? 'gone' };
  }

  /** Ends a reservation of `amount`, of which `used` was used. */
  settle(owner: number, { slot, day }: Reservation, amount: number, used: number): void {
    this.#native.settle(owner, slot, day, amount, used);
  }

  /**
   * Notes a file's state of 20 bytes. Whether it had another one; the epoch was raised then.
   *
   * @throws {RegionError} when it can't be noted; `prompts` are undefined from then on.
   */
  notePrompt(path: string, state: Uint8Array): boolean {
    return this.#native.notePrompt(path, state);
  }

  /** The files of all that was noted since the region was made, unless some of it was lost. */
  prompts(): readonly string[] | undefined {
    return this.#native.prompts();
  }

  /** Replaces what an engine says of itself; within `REPORT_LIMITS`. */
  setReport(engine: number, { models, endpoints, ...rest }: EngineReport): void {
    this.#native.setReport(engine, {
      ...rest,
      models: MODELS_STATES.indexOf(models),
      endpoints: endpoints.map((each) => ({ ...each, state: ENDPOINT_STATES.indexOf(each.state) })),
    });
  }

  /** All that there is to tell of a server with so many engines, as JSON. */
  snapshot(engines: number): string {
    return this.#native.snapshot(engines);
  }
}

/** Hides the memory of this process from other processes of its user, and from core dumps. */
export function hideMemory(): void {
  loadAddon().hideMemory();
}

/** Node keeps a loaded add-on, so this costs little but the first time in a thread. */
function loadAddon(): Addon {
  const path = findAddon();
  try {
    const addon = createRequire(import.meta.url)(path) as Addon;
    addon.setErrorClass(RegionError);
    return addon;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RegionError('MUSE_NO_ADDON', `the add-on ${path} can't be loaded: ${why}`, { cause });
  }
}

/** Beside engine.js in an installation; else where the build leaves it in the checkout. */
function findAddon(): string {
  const named = process.env.MUSE_AI_REGION_ADDON;
  if (named !== undefined && named !== '') return resolve(named);
  const places = ['./muse_region.node', '../build/muse_region.node'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  throw new RegionError(
    'MUSE_NO_ADDON',
    `the add-on is neither ${places.join(' nor ')}: run "npm run build", ` +
      'or name it in the environment variable MUSE_AI_REGION_ADDON',
  );
}
