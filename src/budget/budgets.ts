/**
 * Lets a call go out only while something is left of each budget that it belongs to. All engines
 * count together, in the region.
 */

import type { Clock } from '../clock.ts';
import { MuseError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Model } from '../models/model.ts';
import { wait } from '../providers/back-off.ts';
import type { CompletionRequest, Usage } from '../providers/provider.ts';
import type { Reservation } from '../region-types.ts';
import { amountOf, mostOf } from './amounts.ts';
import { type Budget, budgetsOf, describeBudget } from './budget.ts';
import { dayOf, secondsLeft } from './days.ts';
import { Hold, type Part } from './hold.ts';

/** What of the region budgets need. */
export interface BudgetTable {
  claimBudgets(): number;
  reserve(owner: number, budget: Budget, day: number, amount: number): Reservation;
  settle(owner: number, reservation: Reservation, amount: number, used: number): void;
}

export interface BudgetsOptions {
  readonly table: BudgetTable;
  readonly clock: Clock;
  /** The log of what belongs to no request. */
  readonly log: Log;
}

/** A call that is to go out. */
export interface Outgoing {
  readonly model: Model;
  readonly request: CompletionRequest;
  readonly signal: AbortSignal;
  /** Seconds that it has in all. */
  readonly left: number;
}

/** Milliseconds between two looks at a budget that others have reserved. */
const LOOK_MS = 50;
/** Seconds after which it makes sense to ask again for what others have reserved. */
const RETRY_AFTER = 5;
/** More than the region takes as one reservation would hold any budget. */
const AMOUNT_MOST = 2 ** 50;

export class Budgets {
  readonly #options: BudgetsOptions;
  readonly #owner: number;

  constructor(options: BudgetsOptions) {
    this.#options = options;
    this.#owner = options.table.claimBudgets();
  }

  /**
   * Undefined: the call belongs to no budget. Where others have reserved what is left, it waits for
   * what they don't use, for half of the call's time at most.
   *
   * @throws {MuseError} when a budget is used up, or can't be counted.
   */
  reserve(call: Outgoing): Promise<Hold> | undefined {
    const { model, request } = call;
    // It costs nothing.
    if (model.provider === 'preview') return undefined;
    const own = budgetsOf(model);
    const budgets = request.budgets === undefined ? own : [...request.budgets, ...own];
    return budgets.length === 0 ? undefined : this.#waitFor(budgets, call);
  }

  async #waitFor(budgets: readonly Budget[], call: Outgoing): Promise<Hold> {
    const { clock } = this.#options;
    const { model, request, signal, left } = call;
    const most = mostOf(request, model);
    const until = clock.uptime() + (left / 2) * 1_000;
    for (;;) {
      const parts: Part[] = [];
      const held = this.#takeAll(budgets, model, most, parts);
      if (held === undefined) {
        const settle = (part: Part, used: number): void => this.#settle(part, used);
        return new Hold({ model, request, most, parts, clock, settle });
      }
      if (clock.uptime() + LOOK_MS > until) throw allReserved(held);
      await wait(LOOK_MS, clock, signal);
    }
  }

  /** Into `parts`; or the budget that others hold, and then nothing is taken. */
  #takeAll(
    budgets: readonly Budget[],
    model: Model,
    most: Usage,
    parts: Part[],
  ): Budget | undefined {
    try {
      for (const budget of budgets) {
        const amount = amountOf(budget.unit, most, model);
        if (amount === undefined) throw withoutPrice(budget, model);
        const part = this.#take(budget, Math.min(amount, AMOUNT_MOST));
        if (part !== undefined) parts.push(part);
        else {
          this.#giveBack(parts);
          return budget;
        }
      }
    } catch (error) {
      this.#giveBack(parts);
      throw error;
    }
    return undefined;
  }

  /** Undefined: others have reserved what is left. */
  #take(budget: Budget, amount: number): Part | undefined {
    const { clock, log, table } = this.#options;
    const now = clock.now();
    const reservation = reserveOf(
      () => table.reserve(this.#owner, budget, dayOf(now), amount),
      budget,
    );
    const { answer, isNews } = reservation;
    if (answer === 'taken') {
      if (isNews)
        log.write('budget-again', `there is something left again of ${describeBudget(budget)}`);
      return { budget, reservation, amount };
    }
    if (answer === 'held') return undefined;
    const error = usedUp(budget, secondsLeft(now));
    if (isNews) log.write('budget-reached', `${error.message}; ${adviceFor(budget)}`);
    throw error;
  }

  #giveBack(parts: readonly Part[]): void {
    for (const part of parts) this.#settle(part, 0);
  }

  #settle({ reservation, amount }: Part, used: number): void {
    const { table } = this.#options;
    table.settle(this.#owner, reservation, amount, Math.min(Math.ceil(used), AMOUNT_MOST));
  }
}

function usedUp(budget: Budget, seconds: number): MuseError {
  const code = budget.isModels ? 'model-budget-spent' : 'budget-spent';
  const hours = (seconds / 3_600).toFixed(1);
  const text = `${describeBudget(budget)} is used up; it begins anew at midnight, in ${hours} hours`;
  return new MuseError(code, text, { retryAfter: seconds });
}

function adviceFor({ isModels }: Budget): string {
  const advice = 'what the cache has is served meanwhile';
  return isModels
    ? `its fallbacks write for it, else ${advice}; see "budget" in models.json`
    : `${advice}; see MuseAiBudget`;
}

function allReserved(budget: Budget): MuseError {
  const text = `calls under way have reserved what is left of ${describeBudget(budget)}`;
  const advice = 'a lower max_tokens, or MuseAiMaxTokens, makes each reserve less';
  return new MuseError('budget-held', `${text}; ${advice}`, { retryAfter: RETRY_AFTER });
}

function withoutPrice(budget: Budget, { name }: Model): MuseError {
  const advice = 'give it "price" (of 0, if it is free) and "stream_usage": true in models.json';
  const text = `model "${name}" has no price, so ${describeBudget(budget)} can't be kept; ${advice}`;
  return new MuseError('budget-uncounted', text);
}

/** A budget that the region can't count is one that nothing may be spent of. */
function reserveOf(reserve: () => Reservation, budget: Budget): Reservation {
  try {
    return reserve();
  } catch (error) {
    const text = `${describeBudget(budget)} can't be counted: ${messageOf(error)}`;
    const advice = 'there may be 256 budgets in all; see MuseAiBudget';
    throw new MuseError('budget-uncounted', `${text}; ${advice}`, { cause: error });
  }
}
