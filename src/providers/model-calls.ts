/**
 * The calls to one model: which endpoint first, which after a failure, when again.
 *
 * Every endpoint that is ready is asked once, the next one at once when one fails. After all of
 * them, those that may do better a moment later are asked again, after a pause.
 */

import type { Clock } from '../clock.ts';
import { MuseError } from '../errors.ts';
import type { Model } from '../models/model.ts';
import { backOff, RETRY_AFTER_WAITED_FOR, wait } from './back-off.ts';
import { type Balancer, createBalancer } from './balancer.ts';
import { type Call, LEAST_LEFT } from './call.ts';
import { cureOf } from './cures.ts';
import type { Endpoint } from './endpoints.ts';
import type { Finish } from './provider.ts';

export interface ModelCallsOptions {
  readonly model: Model;
  /** None where the model can't be used. */
  readonly endpoints: readonly Endpoint[];
  /** What of their addresses shapes an answer. */
  readonly url: string | undefined;
  /** Why it can't be used. */
  readonly unusable?: MuseError;
  readonly clock: Clock;
  readonly random: () => number;
  /** The longest first pause in milliseconds; undefined: the default. */
  readonly retryDelay?: number | undefined;
}

const RETRIES_DEFAULT = 2;

export class ModelCalls {
  readonly #options: ModelCallsOptions;
  readonly #balance: Balancer<Endpoint>;

  constructor(options: ModelCallsOptions) {
    this.#options = options;
    this.#balance = createBalancer(options.model.loadBalancing, options.random);
  }

  get model(): Model {
    return this.#options.model;
  }

  get url(): string | undefined {
    return this.#options.url;
  }

  get unusable(): MuseError | undefined {
    return this.#options.unusable;
  }

  /**
   * Asks the endpoints whose circuits allow it.
   *
   * @returns undefined when there is none, and then nobody was asked.
   * @throws {MuseError} the last failure, or the one that says when to come back.
   */
  async askReady(call: Call): Promise<Finish | undefined> {
    const { model, endpoints, unusable, clock } = this.#options;
    if (unusable !== undefined) {
      call.attempts.unusable(model.name, unusable);
      throw unusable;
    }
    const now = clock.uptime();
    for (const each of endpoints) {
      if (each.circuit.isReady(now)) continue;
      call.resting.add(each);
      call.attempts.rests(each);
    }
    return this.#askAll(call);
  }

  /** Asks the one of the endpoints that rest whose rest ends first. */
  async askResting(call: Call): Promise<Finish | undefined> {
    const { endpoints, clock } = this.#options;
    const now = clock.uptime();
    const resting = endpoints.filter((each) => call.resting.has(each));
    if (resting.length === 0) return undefined;
    const soonest = resting.reduce((a, b) =>
      b.circuit.restOf(now) < a.circuit.restOf(now) ? b : a,
    );
    return call.ask(soonest, call.left, 0);
  }

  async #askAll(call: Call): Promise<Finish | undefined> {
    const { model, clock } = this.#options;
    const startedAt = clock.uptime();
    const timeout = call.left;
    const total = Math.min(model.timeouts.total ?? timeout, timeout);
    let told: MuseError | undefined;
    let calls = 0;
    let retries = 0;
    for (;;) {
      const spent = (clock.uptime() - startedAt) / 1_000;
      const left = total - spent;
      if (told !== undefined && left < LEAST_LEFT) throw afterAll(told, calls);
      const next = this.#notAsked(call) ?? (await this.#again(call, retries, left));
      if (next === undefined) {
        if (told === undefined) return undefined;
        throw afterAll(told, calls);
      }
      if (call.asked.has(next)) retries += 1;
      calls += 1;
      try {
        const gone = calls === 1 ? 0 : (clock.uptime() - startedAt) / 1_000;
        return await call.ask(next, timeout, gone);
      } catch (thrown) {
        if (!call.canGoOn(thrown) || !mayAskOn(thrown)) throw thrown;
        call.asked.set(next, thrown);
        told = told?.retryAfter !== undefined && thrown.retryAfter === undefined ? told : thrown;
      }
    }
  }

  #notAsked(call: Call): Endpoint | undefined {
    const [first, ...others] = this.#options.endpoints.filter(
      (each) => !call.asked.has(each) && !call.resting.has(each),
    );
    return first === undefined ? undefined : this.#balance([first, ...others]);
  }

  /** Waits, and then names the endpoint to ask again; undefined: none, and it did not wait. */
  async #again(call: Call, retry: number, left: number): Promise<Endpoint | undefined> {
    const { model, endpoints, clock, random, retryDelay } = this.#options;
    if (retry >= (model.retries ?? RETRIES_DEFAULT)) return undefined;
    const pause = backOff(retry, random, retryDelay);
    const now = clock.uptime();
    let shortest = Math.max(0, left - LEAST_LEFT) * 1_000;
    let candidates: Endpoint[] = [];
    for (const endpoint of endpoints) {
      const error = call.asked.get(endpoint);
      if (error === undefined || cureOf(error) !== 'again') continue;
      const { retryAfter = 0 } = error;
      const ms = pause + retryAfter * 1_000;
      if (retryAfter > RETRY_AFTER_WAITED_FOR || !endpoint.circuit.isReady(now + ms)) continue;
      if (ms > shortest) continue;
      if (ms < shortest) candidates = [];
      shortest = ms;
      candidates.push(endpoint);
    }
    const [first, ...others] = candidates;
    if (first === undefined) return undefined;
    call.attempts.pause(shortest);
    await wait(shortest, clock, call.signal);
    return this.#balance([first, ...others]);
  }
}

/** Whether this model's endpoints are of any use yet. */
function mayAskOn(error: MuseError): boolean {
  const cure = cureOf(error);
  return cure === 'again' || cure === 'elsewhere';
}

function afterAll(error: MuseError, calls: number): MuseError {
  if (calls === 1) return error;
  const { code, message, answered, retryAfter } = error;
  return new MuseError(code, `${message}; ${calls} calls were made`, {
    answered,
    retryAfter,
    cause: error,
  });
}
