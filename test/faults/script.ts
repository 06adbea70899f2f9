/** The seeded script: one fault after the other, with rest between, and what is looked at after each. */

import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../harness/wait-until.ts';
import { randomBelow } from '../unit/support/random.ts';
import type { Fault, Scene } from './faults/fault.ts';
import { isAllowed, isStarved, type Span, tell } from './invariants/answers.ts';
import { readAgain, readKept } from './invariants/cache.ts';
import { crashes } from './invariants/crashes.ts';
import { type Belongings, belongingsOf, leftOver } from './invariants/left-over.ts';
import { longestQueued, type Queued, queuedOf } from './invariants/queued.ts';
import { coldPageComes, isFastAgain, type Speed, speedOf } from './invariants/recovery.ts';
import { Load } from './load/load.ts';
import type { RequestRecord } from './load/record.ts';
import { Victims } from './load/victims.ts';
import { Stage } from './stage.ts';
import type { Row } from './table.ts';

export interface ScriptOptions {
  readonly faults: readonly Fault[];
  /** How long all of it may take, about. */
  readonly seconds: number;
  readonly seed: number;
  /** Where the error log is to be kept. */
  readonly log: string;
  readonly onRow: (row: Row) => void;
}

/**
 * Milliseconds for a cold page to come, and for all to be as fast as before for a second; beside
 * those for which the engine, or the visitors, had no processor.
 */
const coldMost = 5_000;
const fastMost = 6_000;
/** What the last fault, the end of the load and the settling take. */
const tailMs = 25_000;
const warmUpMs = 2_000;

export class Script {
  readonly #options: ScriptOptions;
  readonly #stage: Stage;
  readonly #scene: Scene;
  readonly #load: Load;
  #before: { readonly speed: Speed; readonly belongings: Belongings } | undefined;
  readonly #spans: Span[] = [];
  /** So many of the load's records have been looked at. */
  #judged = 0;
  #crashes = 0;

  private constructor(options: ScriptOptions, stage: Stage) {
    this.#options = options;
    this.#stage = stage;
    const victims = new Victims();
    this.#scene = { stage, victims, below: randomBelow(options.seed) };
    this.#load = new Load(stage, victims, options.seed + 1);
  }

  /** Runs it; resolves with what was left over, which should be nothing. */
  static async run(options: ScriptOptions): Promise<string[]> {
    const stage = await Stage.open();
    try {
      return await new Script(options, stage).#run();
    } finally {
      await stage.close();
      mkdirSync(dirname(options.log), { recursive: true });
      copyFileSync(stage.httpd.environment.path('logs', 'error.log'), options.log);
      stage.httpd.environment.remove();
    }
  }

  async #run(): Promise<string[]> {
    const { seconds } = this.#options;
    const end = performance.now() + seconds * 1_000 - Math.min(tailMs, seconds * 300);
    await this.#warmUp();
    while (performance.now() < end) {
      for (const fault of this.#shuffled()) {
        if (performance.now() < end) this.#options.onRow(await this.#play(fault));
      }
    }
    await this.#load.stop();
    await this.#stage.closeConnections();
    const left =
      this.#before === undefined ? [] : await leftOver(this.#stage, this.#before.belongings);
    const last = this.#notAllowed(this.#load.records.slice(this.#judged), end);
    return [...last, ...left, ...this.#newCrashes()];
  }

  /** Nothing that is counted at rest may still come from the first use of anything. */
  async #warmUp(): Promise<void> {
    this.#load.start();
    await readKept(this.#load);
    await sleep(warmUpMs);
    const warm = performance.now();
    const speed = await waitUntil('the load', () => speedOf(this.#load, warm));
    await this.#load.stop();
    await this.#stage.closeConnections();
    await sleep(500);
    const belongings = belongingsOf(this.#stage);
    this.#before = { speed, belongings };
    this.#load.start();
  }

  async #play(fault: Fault): Promise<Row> {
    const load = this.#load;
    const first = this.#judged;
    const from = performance.now();
    const lift = await fault.begin(this.#scene);
    await sleep(fault.holdMs);
    const queued = this.#queued();
    const over = performance.now();
    await lift();
    const cold = await coldPageComes(load);
    const fast = await isFastAgain(load, this.#before?.speed as Speed, cold);
    const queuedMs = longestQueued(queued, this.#queued());
    const read = await readAgain(load, load.records.slice(first));
    const records = load.records.slice(first);
    const times = { coldMs: cold - over, fastMs: fast - over, queuedMs };
    const row = { fault: fault.name, records, ...times, read };
    this.#spans.push({ fault, from, until: cold });
    this.#judged = first + records.length;
    return { ...row, broken: this.#broken(row, from) };
  }

  #broken(row: Omit<Row, 'broken'>, from: number): string[] {
    const { records, coldMs, fastMs, queuedMs } = row;
    const told = (ms: number): string =>
      `${Math.round(ms)} ms (for ${Math.round(queuedMs)} the engine, or this process, had no processor)`;
    return [
      ...this.#notAllowed(records, from, queuedMs),
      ...(coldMs > coldMost + queuedMs ? [`no cold page for ${told(coldMs)}`] : []),
      ...(fastMs > fastMost + queuedMs ? [`not as fast as before for ${told(fastMs)}`] : []),
      ...this.#newCrashes(),
    ];
  }

  /** Visitors and providers are in this process. */
  #queued(): Queued {
    return queuedOf([process.pid, ...this.#stage.httpd.engines().map(({ pid }) => pid)]);
  }

  /** Some have waited since an earlier fault. */
  #notAllowed(records: readonly RequestRecord[], from: number, queuedMs = 0): string[] {
    return records
      .filter((record) => !this.#spans.some((span) => isAllowed(record, span)))
      .filter((record) => !isStarved(record, queuedMs))
      .map((record) => tell(record, from));
  }

  #newCrashes(): string[] {
    const all = crashes(this.#stage);
    const fresh = all.slice(this.#crashes);
    this.#crashes = all.length;
    return fresh;
  }

  #shuffled(): Fault[] {
    const left = [...this.#options.faults];
    const order: Fault[] = [];
    while (left.length > 0) order.push(...left.splice(this.#scene.below(left.length), 1));
    return order;
  }
}
