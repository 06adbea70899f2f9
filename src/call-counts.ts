/** Counts the calls to providers, and what they used, where all of httpd can see it. */

import type { CallObserver, CallStart, ObservedCall } from './calls.ts';
import { costOf } from './facts.ts';
import type { Model } from './models/model.ts';
import type { Usage } from './providers/provider.ts';
import type { Counter, Use } from './region-types.ts';

/** What of the region the counting needs. */
export interface CallTable {
  count(slot: number, counter: Counter, n: number): void;
  addUsage(model: string, use: Use, n: number): void;
}

export class CallCounts implements CallObserver {
  readonly #table: CallTable;
  readonly #slot: number;
  #underWay = 0;

  constructor(table: CallTable, slot: number) {
    this.#table = table;
    this.#slot = slot;
  }

  /** Calls that have not ended. */
  get underWay(): number {
    return this.#underWay;
  }

  started({ model }: CallStart): ObservedCall {
    this.#underWay += 1;
    this.#table.count(this.#slot, 'completions', 1);
    this.#table.addUsage(model.name, 'completions', 1);
    return {
      wasted: ({ writer, usage }) => this.#addUsage(writer, usage),
      ended: (writer, finish) => {
        this.#underWay -= 1;
        this.#addUsage(writer, finish.usage);
      },
      failed: (_, used) => {
        this.#underWay -= 1;
        this.#table.count(this.#slot, 'failures', 1);
        this.#table.addUsage(model.name, 'failures', 1);
        if (used !== undefined) this.#addUsage(used.writer, used.usage);
      },
      aborted: () => {
        this.#underWay -= 1;
      },
    };
  }

  #addUsage(model: Model, usage: Usage | undefined): void {
    if (usage === undefined) return;
    this.#table.addUsage(model.name, 'inputTokens', usage.inputTokens);
    this.#table.addUsage(model.name, 'outputTokens', usage.outputTokens);
    const cost = costOf(model, usage);
    if (cost !== undefined) this.#table.addUsage(model.name, 'cost', cost);
  }
}
