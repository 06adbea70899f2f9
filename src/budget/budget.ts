/** Budgets for a day: MuseAiBudget of a request's directories, and those of models. */

import { MuseError } from '../errors.ts';
import type { Model } from '../models/model.ts';
import type { BudgetUnit } from '../region-types.ts';

export interface Budget {
  /** Under which all engines count, and administrators see it. */
  readonly name: string;
  readonly unit: BudgetUnit;
  /** For a day: tokens, or billionths of the currency of models.json. */
  readonly limit: number;
  /** Whether it is a model's: another model may have something left. */
  readonly isModels: boolean;
}

const BILLION = 1_000_000_000;

/**
 * What httpd says of the directories: `UNIT LIMIT NAME`, a line each.
 *
 * @throws {MuseError} `request-invalid`
 */
export function readBudgets(text: string | undefined): readonly Budget[] {
  if (!text) return NONE;
  return text.split('\n').map((line) => {
    const [, unit, limit, name] = /^(tokens|cost) (\d{1,16}) (.+)$/.exec(line) ?? [];
    if (unit === undefined || name === undefined) {
      const advice = 'are module and engine of the same version?';
      throw new MuseError('request-invalid', `MUSE_BUDGETS has the line "${line}"; ${advice}`);
    }
    return {
      name,
      unit: unit === 'cost' ? 'cost' : 'tokens',
      limit: Number(limit),
      isModels: false,
    };
  });
}

const NONE: readonly Budget[] = [];

export function budgetsOf({ name, budget }: Model): readonly Budget[] {
  if (budget === undefined) return NONE;
  const { tokens, cost } = budget;
  const own = { name: `model "${name}"`, isModels: true };
  return [
    ...(tokens === undefined ? [] : [{ ...own, unit: 'tokens', limit: tokens } as const]),
    ...(cost === undefined
      ? []
      : [{ ...own, unit: 'cost', limit: Math.round(cost * BILLION) } as const]),
  ];
}

/** For the log: `the budget of 200000 tokens a day of model "gpt"`. */
export function describeBudget({ name, unit, limit }: Budget): string {
  const amount = unit === 'tokens' ? `${limit} tokens` : `${limit / BILLION} (cost)`;
  return `the budget of ${amount} a day of ${name}`;
}
