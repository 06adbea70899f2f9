/** Says when another model begins to write a model's pages, and when that is over: each once. */

import type { Clock } from '../clock.ts';
import type { MuseError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Model } from '../models/model.ts';

/** A model that fails now and then is said to be well after this time without a failure. */
const QUIET_MS = 60_000;
/** More than any models.json has; the rest is what reloads have left. */
const REPLACED_MAX = 1_000;

interface Replacement {
  readonly by: string;
  readonly lastAt: number;
}

export class FallbackWatch {
  readonly #clock: Clock;
  /** By the names of models that are being replaced. */
  readonly #replaced = new Map<string, Replacement>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `why`: the asked model's failure; undefined: it was not asked, since its endpoints rest. */
  replaced(asked: Model, by: Model, why: MuseError | undefined, log: Log): void {
    const said = this.#replaced.get(asked.name)?.by;
    if (said === undefined && this.#replaced.size >= REPLACED_MAX) this.#replaced.clear();
    this.#replaced.set(asked.name, { by: by.name, lastAt: this.#clock.uptime() });
    if (said === by.name) return;
    const reason = why?.message ?? 'its endpoints rest after failures';
    const text = `model "${by.name}" writes the pages of model "${asked.name}" for now: ${reason}`;
    log.write('fallback-used', text);
  }

  wrote(asked: Model, log: Log): void {
    const replacement = this.#replaced.get(asked.name);
    if (replacement === undefined) return;
    if (this.#clock.uptime() - replacement.lastAt < QUIET_MS) return;
    this.#replaced.delete(asked.name);
    log.write('fallback-over', `model "${asked.name}" writes its own pages again`);
  }
}
