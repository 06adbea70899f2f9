/** What the tests of budgets have in common. */
import { expect } from 'vitest';
import { type Httpd, modelsAt, scriptedModel, waitUntil } from '../harness/index.ts';
import { type ScriptedProvider, samplePage, say } from '../provider/index.ts';
import { addPages } from './administration.ts';

/** Whose provider tells the tokens: as many for each page with a topic of three digits. */
export const thrifty = {
  name: scriptedModel,
  stream_usage: true,
  max_tokens: 500,
  price: { input: 2, output: 10 },
} as const;

/** Pages at /page?n=…, /status, /metrics and /health; `lines` go into the documents' section. */
export function budgetPages(
  httpd: Httpd,
  provider: ScriptedProvider,
  ...lines: readonly string[]
): void {
  provider.script(scriptedModel, say(samplePage(scriptedModel).trimEnd()));
  httpd.config.muse({ models: modelsAt(provider, thrifty) });
  httpd.env.TZ = noon();
  enable(httpd, ...lines);
  addPages(httpd);
  httpd.site.write('page.ai', 'Write about {{ query.n }}.');
}

/** A zone in which it is noon now: there no day ends, and no budget begins anew, in a test. */
function noon(): string {
  const hours = new Date().getUTCHours() - 12;
  return `Etc/GMT${hours < 0 ? '' : '+'}${hours}`; // in these names east is below 0
}

/** More lines for the documents. */
export function enable(httpd: Httpd, ...lines: readonly string[]): void {
  httpd.config.section('Directory', httpd.site.root, 'MuseAiEnable On', ...lines);
}

export const usedUp = /MUSE0293: the budget of .* is used up; it begins anew at midnight/;

/**
 * Ends the test's httpd, and expects it to have said so often that a budget is used up. An engine
 * says that past all requests, so that the line may come after an answer.
 */
export async function expectUsedUp(httpd: Httpd, times: number): Promise<void> {
  await httpd.stop();
  expect(httpd.log.matching(usedUp)).toHaveLength(times);
  httpd.log.expect(usedUp);
}

export interface BudgetNumbers {
  readonly name: string;
  readonly unit: string;
  readonly limit: number;
  readonly used: number;
  readonly reserved: number;
  readonly gone: boolean;
}

export async function allBudgets(httpd: Httpd): Promise<readonly BudgetNumbers[]> {
  return JSON.parse((await httpd.get('/metrics?format=json')).text).budgets;
}

/** The only budget that there is. */
export async function budgetOf(httpd: Httpd): Promise<BudgetNumbers> {
  const [only, ...others] = await allBudgets(httpd);
  if (only === undefined || others.length > 0) throw new Error('not one budget');
  return only;
}

/** The same, once no call has anything reserved. */
export function settledBudget(httpd: Httpd): Promise<BudgetNumbers> {
  return waitUntil('all calls to be settled', async () => {
    const budget = await budgetOf(httpd);
    return budget.reserved === 0 ? budget : undefined;
  });
}

/** What one page uses: found by having one written. */
export async function tokensOfPage(httpd: Httpd, path = '/page?n=100'): Promise<number> {
  const { status } = await httpd.get(path);
  if (status !== 200) throw new Error(`${path}: ${status}`);
  return (await settledBudget(httpd)).used;
}
