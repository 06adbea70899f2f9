/** The endpoints of models, with what is known of each: outlives a reload of models.json. */

import type { FailureCode, MuseError } from '../errors.ts';
import type { EventName } from '../events.ts';
import type { Log } from '../log.ts';
import type { Model } from '../models/model.ts';
import type { Balanced } from './balancer.ts';
import { type CallKind, Circuit } from './circuit.ts';
import { cureOf } from './cures.ts';
import type { Provider } from './provider.ts';

/** What is known of an endpoint, whichever models.json named it. */
export interface Experience {
  readonly circuit: Circuit;
  active: number;
  /** What became of the latest call that told something. */
  last: 'answered' | FailureCode | undefined;
  /** Uptime of the latest failure that left the circuit open; undefined: all is said to be well. */
  troubledAt: number | undefined;
}

/** More than any models.json has; the rest is what reloads have left. */
const KNOWN_MAX = 10_000;

/** A model, its name at the endpoint, the URL and the key: where one differs, nothing is known. */
export class EndpointMemory {
  readonly #known = new Map<string, Experience>();

  find(model: Model, url: string, apiKey: string | undefined): Experience {
    const key = JSON.stringify([model.name, model.upstream, url, apiKey ?? null]);
    const found = this.#known.get(key);
    if (found !== undefined) return found;
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    const experience = {
      circuit: new Circuit(),
      active: 0,
      last: undefined,
      troubledAt: undefined,
    };
    this.#known.set(key, experience);
    return experience;
  }
}

export interface EndpointOptions {
  readonly model: Model;
  /** For the log: "endpoint 2 (https://…)". */
  readonly title: string;
  readonly weight: number;
  readonly provider: Provider;
  readonly experience: Experience;
  /** Whether the model has others, so that its failures show nowhere else. */
  readonly isOneOfSeveral: boolean;
}

/** One endpoint of one model, and the provider that calls it. */
export class Endpoint implements Balanced {
  readonly #options: EndpointOptions;

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  get model(): Model {
    return this.#options.model;
  }

  get title(): string {
    return this.#options.title;
  }

  get weight(): number {
    return this.#options.weight;
  }

  get active(): number {
    return this.#options.experience.active;
  }

  get provider(): Provider {
    return this.#options.provider;
  }

  get circuit(): Circuit {
    return this.#options.experience.circuit;
  }

  /** A call goes out; `end` follows once. */
  begin(now: number): CallKind {
    this.#options.experience.active += 1;
    return this.circuit.begin(now);
  }

  end(): void {
    this.#options.experience.active -= 1;
  }

  /** It has begun to answer, or has refused in a way that shows it works. */
  answered(now: number, log: Log): void {
    const { experience, model } = this.#options;
    experience.circuit.succeeded();
    experience.last = 'answered';
    const { troubledAt } = experience;
    // One that fails now and then is said to be well when it has not failed for a while.
    if (troubledAt === undefined || now - troubledAt < model.circuit.cooldown * 1_000) return;
    experience.troubledAt = undefined;
    this.#say(log, 'endpoint-back', 'answers again');
  }

  failed(error: MuseError, kind: CallKind, now: number, log: Log): void {
    if (cureOf(error) === 'nothing') {
      this.answered(now, log);
      return;
    }
    const { experience, model } = this.#options;
    experience.last = error.code;
    experience.circuit.failed(kind, now, model.circuit, error.retryAfter);
    if (experience.circuit.isClosed) return;
    const isNew = experience.troubledAt === undefined;
    experience.troubledAt = now;
    if (!isNew) return;
    const rest = (experience.circuit.restOf(now) / 1_000).toFixed(1);
    const text = `is left alone for ${rest} s, the others take its calls; ${error.message}`;
    this.#say(log, 'endpoint-resting', text);
  }

  /** The failures of a model's only endpoint show elsewhere. */
  #say(log: Log, event: EventName, text: string): void {
    const { isOneOfSeveral, model, title } = this.#options;
    if (isOneOfSeveral) log.write(event, `model "${model.name}": ${title} ${text}`);
  }
}
