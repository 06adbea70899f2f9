/** What one call has reserved of its budgets, until it is known what it has used. */

import type { Clock } from '../clock.ts';
import { type FailureCode, MuseError } from '../errors.ts';
import type { Model } from '../models/model.ts';
import type { CompletionRequest, Usage } from '../providers/provider.ts';
import type { Reservation } from '../region-types.ts';
import { amountOf, estimateOf } from './amounts.ts';
import type { Budget } from './budget.ts';

/** A part of a hold: what is reserved of one budget. */
export interface Part {
  readonly budget: Budget;
  readonly reservation: Reservation;
  readonly amount: number;
}

export interface HoldOptions {
  readonly model: Model;
  readonly request: CompletionRequest;
  /** What is reserved, as usage. */
  readonly most: Usage;
  readonly parts: readonly Part[];
  readonly clock: Clock;
  readonly settle: (part: Part, used: number) => void;
}

/** Failures before a provider had the request. */
const NOT_SENT: ReadonlySet<FailureCode> = new Set(['provider-unreachable', 'endpoint-full']);
/** Statuses of those that gave up waiting: somebody behind them may have written all the same. */
const GAVE_UP: ReadonlySet<number> = new Set([408, 504, 524]);

export class Hold {
  readonly #options: HoldOptions;
  /** Uptime at which the call went out; undefined: it has not. */
  #sentAt: number | undefined;
  #bytes = 0;
  /** Seconds until something came; undefined: nothing has. */
  #silence: number | undefined;

  constructor(options: HoldOptions) {
    this.#options = options;
  }

  /** The provider gets the request. */
  sent(): void {
    this.#sentAt ??= this.#options.clock.uptime();
  }

  /** A piece of the answer. */
  received(text: string): void {
    this.#silence ??= this.#seconds();
    this.#bytes += Buffer.byteLength(text);
  }

  /** The provider has ended the answer, and has said what it used, or not. */
  ended(usage: Usage | undefined): void {
    this.#settle(usage ?? this.#estimate(0));
  }

  /** It was broken off or failed. What it cost, nobody says. */
  failed(thrown: unknown): void {
    if (this.#sentAt === undefined || isFree(thrown))
      this.#settle({ inputTokens: 0, outputTokens: 0 });
    else this.#settle(this.#estimate(this.#silence ?? this.#seconds()));
  }

  #estimate(silence: number): Usage {
    const { request, most } = this.#options;
    return estimateOf(request, most, { bytes: this.#bytes, silence });
  }

  #settle(usage: Usage): void {
    const { model, parts, settle } = this.#options;
    for (const part of parts) {
      settle(part, amountOf(part.budget.unit, usage, model) ?? part.amount);
    }
  }

  #seconds(): number {
    const now = this.#options.clock.uptime();
    return (now - (this.#sentAt ?? now)) / 1_000;
  }
}

/** Whether the provider has written nothing: it had no request, or refused it. */
function isFree(thrown: unknown): boolean {
  if (!(thrown instanceof MuseError)) return false;
  const { answered, code } = thrown;
  return answered === undefined ? NOT_SENT.has(code) : !GAVE_UP.has(answered);
}
