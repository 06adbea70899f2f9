/** The load: visits of all kinds, each at its own bounded rate, whatever becomes of them. */

import { Agent } from 'node:http';
import { randomBelow } from '../../unit/support/random.ts';
import type { Stage } from '../stage.ts';
import { type Kind, kinds } from './kinds.ts';
import type { RequestRecord } from './record.ts';
import type { Victims } from './victims.ts';
import { visit } from './visit.ts';

const tickMs = 20;
/** Nobody begins a visit while so many are under way. */
const mostUnderWay = 600;

export class Load {
  /** All visits that are over, in the order of their ends. */
  readonly records: RequestRecord[] = [];
  /** Visits that were not begun because too many were under way. */
  held = 0;
  readonly #stage: Stage;
  readonly #victims: Victims;
  readonly #below: (end: number) => number;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 20 });
  readonly #underWay = new Set<Promise<void>>();
  readonly #owed = new Map<Kind, number>();
  #timer: NodeJS.Timeout | undefined;
  #last = 0;
  #number = 0;

  constructor(stage: Stage, victims: Victims, seed: number) {
    this.#stage = stage;
    this.#victims = victims;
    this.#below = randomBelow(seed);
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  start(): void {
    this.#last = performance.now();
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /** Begins no more visits, and waits for the end of those under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    // Kept connections would count as left over.
    for (const socket of Object.values(this.#agent.freeSockets).flat()) socket?.destroy();
  }

  /** One visit beside the others; it is among the records too. */
  async once(name: Kind['name'], id?: string): Promise<RequestRecord> {
    const kind = kinds.find((one) => one.name === name) as Kind;
    return this.#visit(kind, id ?? this.#idFor(kind));
  }

  #tick(): void {
    const now = performance.now();
    // Who was held up does not come all at once afterwards.
    const seconds = Math.min(now - this.#last, 5 * tickMs) / 1_000;
    this.#last = now;
    for (const kind of kinds) {
      let owed = (this.#owed.get(kind) ?? this.#below(100) / 100) + seconds * kind.rate;
      for (; owed >= 1; owed -= 1) this.#begin(kind);
      this.#owed.set(kind, owed);
    }
  }

  #begin(kind: Kind): void {
    const id = this.#idFor(kind);
    for (let n = 0; n < (kind.crowd ?? 1); n += 1) {
      if (this.#underWay.size >= mostUnderWay) {
        this.held += 1;
        return;
      }
      const done: Promise<void> = this.#visit(kind, id).then(() => {
        this.#underWay.delete(done);
      });
      this.#underWay.add(done);
    }
  }

  async #visit(kind: Kind, id: string): Promise<RequestRecord> {
    const patienceMs = this.#below(80);
    const { stage, victims, agent } = {
      stage: this.#stage,
      victims: this.#victims,
      agent: this.#agent,
    };
    const record = await visit({ stage, victims, kind, id, agent, patienceMs });
    this.records.push(record);
    return record;
  }

  #idFor(kind: Kind): string {
    if (kind.ids > 0) return `${kind.path.slice(1)}-${this.#below(kind.ids)}`;
    this.#number += 1;
    return `${kind.name}-${this.#number}`;
  }
}
