/** The seeded script: one fault after the other, with rest between, and what is looked at after each. */

import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../harness/wait-until.ts';
import { randomBelow } from '../unit/support/random.ts';
import type { Fault, Scene } from './faults/fault.ts';
import { isAllowed, type Span, tell } from './invariants/answers.ts';
import { readAgain } from './invariants/cache.ts';
import { crashes } from './invariants/crashes.ts';
import { type Belongings, belongingsOf, leftOver } from './invariants/left-over.ts';
import { coldPageComes, isFastAgain, type Speed, speedOf } from './invariants/recovery.ts';
import { Load } from './load/load.ts';
import { Victims } from './load/victims.ts';
import { Stage } from './stage.ts';
import type { Row } from './table.ts';

export interface ScriptOptions {
  readonly faults: readonly Fault[];
  readonly seconds: number;
  readonly seed: number;
  /** Where the error log is to be kept. */
  readonly log: string;
  readonly onRow: (row: Row) => void;
}

/** A cold page within this, and all as fast as before: milliseconds. */
const recoveryMs = 5_000;
const warmUpMs = 2_000;

export class Script {
  readonly #options: ScriptOptions;
  readonly #stage: Stage;
  readonly #scene: Scene;
  readonly #load: Load;
  #before: { readonly speed: Speed; readonly belongings: Belongings } | undefined;
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
    await this.#warmUp();
    const end = performance.now() + this.#options.seconds * 1_000;
    while (performance.now() < end) {
      for (const fault of this.#shuffled()) {
        if (performance.now() < end) this.#options.onRow(await this.#play(fault));
      }
    }
    await this.#load.stop();
    const left =
      this.#before === undefined ? [] : await leftOver(this.#stage, this.#before.belongings);
    return [...left, ...this.#newCrashes()];
  }

  /** Nothing that is counted at rest may still come from the first use of anything. */
  async #warmUp(): Promise<void> {
    this.#load.start();
    await sleep(warmUpMs);
    const warm = performance.now();
    const speed = await waitUntil('the load', () => speedOf(this.#load, warm));
    await this.#load.stop();
    await sleep(500);
    const belongings = belongingsOf(this.#stage);
    this.#before = { speed, belongings };
    this.#load.start();
  }

  async #play(fault: Fault): Promise<Row> {
    const load = this.#load;
    const first = load.records.length;
    const from = performance.now();
    const lift = await fault.begin(this.#scene);
    await sleep(fault.holdMs);
    // Where it is over at once, the time counts from when it was done.
    const begun = fault.holdMs === 0 ? from : performance.now();
    await lift();
    const cold = await coldPageComes(load);
    const fast = await isFastAgain(load, this.#before?.speed as Speed, cold);
    const read = await readAgain(load, load.records.slice(first));
    const records = load.records.slice(first);
    const row = { fault: fault.name, records, coldMs: cold - begun, fastMs: fast - begun, read };
    return { ...row, broken: this.#broken(row, { fault, from, until: cold }) };
  }

  #broken(row: Omit<Row, 'broken'>, span: Span): string[] {
    const { records, coldMs, fastMs } = row;
    const wrong = records.filter((record) => !isAllowed(record, span));
    return [
      ...wrong.map((record) => tell(record, span.from)),
      ...(coldMs > recoveryMs ? [`no cold page for ${coldMs} ms`] : []),
      ...(fastMs > recoveryMs ? [`not as fast as before for ${fastMs} ms`] : []),
      ...this.#newCrashes(),
    ];
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
