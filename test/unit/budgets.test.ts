import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Budget, budgetsOf, readBudgets } from '../../src/budget/budget.ts';
import { Budgets, type BudgetTable } from '../../src/budget/budgets.ts';
import { dayOf, secondsLeft } from '../../src/budget/days.ts';
import { MuseError } from '../../src/errors.ts';
import { Registry } from '../../src/models/registry.ts';
import { createProviderDirectory } from '../../src/providers/directory.ts';
import { createTransport } from '../../src/providers/transport.ts';
import { Region } from '../../src/region.ts';
import { Secrets } from '../../src/secrets.ts';
import { finish, Gate, hold, startProvider, stream, text } from '../provider/index.ts';
import { chainRequest } from './support/chain.ts';
import { ManualClock } from './support/clock.ts';
import { ListLog } from './support/log.ts';

const DAY_MS = 86_400_000;
const site: Budget = { name: 'all pages', unit: 'tokens', limit: 1_000, isModels: false };
const money: Budget = { name: 'all pages', unit: 'cost', limit: 1_000_000_000, isModels: false };

/** The region's own, with a sum of what was settled. */
class Table implements BudgetTable {
  readonly region = Region.create({ storeBytes: 1 << 20, shards: 1, clients: 64 });
  readonly settled: number[] = [];

  claimBudgets(): number {
    return this.region.claimBudgets();
  }

  reserve(...args: Parameters<BudgetTable['reserve']>) {
    return this.region.reserve(...args);
  }

  settle(...args: Parameters<BudgetTable['settle']>): void {
    this.settled.push(args[3]);
    this.region.settle(...args);
  }
}

let table: Table;
let clock: ManualClock;
let log: ListLog;
let budgets: Budgets;
beforeEach(() => {
  table = new Table();
  clock = new ManualClock();
  log = new ListLog();
  budgets = new Budgets({ table, clock, log });
});
afterEach(() => table.region.detach());

function model(fields: object = {}) {
  const models = [{ name: 'm', endpoint: 'http://127.0.0.1:9/v1', max_tokens: 300, ...fields }];
  const found = Registry.parse(JSON.stringify({ models }), {}).models.get('m');
  if (found === undefined) throw new Error('no model');
  return found;
}

const priced = { stream_usage: true, price: { input: 2, output: 10 } };

/** A call's hold; rejects as the call would. */
async function reserve(all: readonly Budget[], fields: object = {}, signal?: AbortSignal) {
  const hold = await budgets.reserve({
    model: model(fields),
    request: { ...chainRequest, budgets: all },
    signal: signal ?? new AbortController().signal,
    left: 300,
  });
  if (hold === undefined) throw new Error('no budget');
  return hold;
}

const usage = (tokens: number) => ({ inputTokens: tokens, outputTokens: 0 });

describe('a budget', () => {
  test('counts what the provider says, and is gone then until midnight', async () => {
    (await reserve([site])).ended(usage(600));
    (await reserve([site])).ended(usage(600));
    expect(table.settled).toEqual([600, 600]);
    const error = await reserve([site]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'budget-spent', status: 503 });
    expect((error as MuseError).retryAfter).toBe(secondsLeft(clock.now()));
    clock.advance(secondsLeft(clock.now()) * 1_000);
    (await reserve([site])).ended(usage(1));
    expect(log.names).toEqual(['budget-reached', 'budget-again']);
  });

  test('that is gone is said once, however many ask', async () => {
    (await reserve([site])).ended(usage(1_000));
    for (let i = 0; i < 5; i += 1) await expect(reserve([site])).rejects.toThrow('is used up');
    expect(log.names).toEqual(['budget-reached']);
  });

  test('whose rest others have reserved is waited for', async () => {
    const holds = [];
    // Each reserves the 300 tokens of the answer, and more for the prompt.
    for (let i = 0; i < 3; i += 1) holds.push(await reserve([site]));
    let waiting = true;
    const next = reserve([site]).finally(() => {
      waiting = false;
    });
    clock.advance(50);
    await new Promise((resolve) => setImmediate(resolve));
    expect(waiting).toBe(true);
    for (const hold of holds) hold.ended(usage(100));
    clock.advance(50);
    (await next).ended(usage(100));
    expect(log.names).toEqual([]);
  });

  test('is waited for no longer than for half of the time, nor for one who has left', async () => {
    for (let i = 0; i < 3; i += 1) await reserve([site]);
    const late = reserve([site]).catch((thrown: unknown) => thrown);
    const controller = new AbortController();
    const left = reserve([site], {}, controller.signal).catch((thrown: unknown) => thrown);
    controller.abort(new Error('left'));
    expect(await left).toMatchObject({ message: 'left' });
    for (let i = 0; i < 3_001; i += 1) {
      clock.advance(50);
      await Promise.resolve();
      await Promise.resolve();
    }
    expect(await late).toMatchObject({ code: 'budget-held', retryAfter: 5 });
    expect(clock.pending).toBe(0);
  });

  test('of money is counted by the price, and a model without one is refused', async () => {
    (await reserve([money], priced)).ended({ inputTokens: 1_000, outputTokens: 100 });
    expect(table.settled).toEqual([3_000_000]);
    await expect(reserve([site, money])).rejects.toMatchObject({ code: 'budget-uncounted' });
    // What was reserved of the other budget came back.
    expect(table.settled).toEqual([3_000_000, 0]);
  });

  test('of a model names that model alone, so that another may help', async () => {
    const fields = { budget: { tokens: 10 } };
    (await reserve([], fields)).ended(usage(10));
    await expect(reserve([], fields)).rejects.toMatchObject({ code: 'model-budget-spent' });
    expect(log.events[0]?.text).toMatch(/of 10 tokens a day of model "m" is used up.*fallbacks/);
  });

  test('is not touched by a model that costs nothing, nor where there is none', () => {
    const signal = new AbortController().signal;
    const request = { ...chainRequest, budgets: [site] };
    const preview = model({ provider: 'preview', endpoint: undefined });
    expect(budgets.reserve({ model: preview, request, signal, left: 1 })).toBeUndefined();
    const free = { model: model(), request: chainRequest, signal, left: 1 };
    expect(budgets.reserve(free)).toBeUndefined();
  });

  test('too many of them are refused, not left uncounted', async () => {
    for (let i = 0; i < 256; i += 1) {
      (await reserve([{ ...site, name: `section ${i}` }])).ended(usage(1));
    }
    const one = { ...site, name: 'one more' };
    await expect(reserve([one])).rejects.toMatchObject({ code: 'budget-uncounted' });
  });
});

describe('a call that ends without the number of its tokens', () => {
  const prompt = Buffer.byteLength(chainRequest.messages[0]?.content ?? '');
  const frames = 32;
  const input = Math.ceil(prompt / 2) + frames;

  test('counts a token for each two bytes', async () => {
    const hold = await reserve([site]);
    clock.advance(5_000);
    hold.received('x'.repeat(99));
    hold.ended(undefined);
    expect(table.settled).toEqual([input + 50]);
  });

  test('counts its silence, too, when it broke off, up to the longest answer', async () => {
    const hold = await reserve([site]);
    // What it waited for before it went out does not count.
    clock.advance(7_000);
    hold.sent();
    clock.advance(500);
    hold.received('x'.repeat(10));
    clock.advance(9_000);
    hold.failed(new Error('nobody waits any more'));
    const silent = await reserve([site]);
    silent.sent();
    clock.advance(60_000);
    silent.failed(new MuseError('provider-slow', 'too slow'));
    expect(table.settled).toEqual([input + 100 + 5, input + 300]);
  });

  test.for([
    ['that was refused', new MuseError('provider-busy', 'full', { answered: 429 })],
    ['that reached nobody', new MuseError('provider-unreachable', 'no connection')],
  ] as const)('counts nothing for one %s', async ([, error]) => {
    const hold = await reserve([site]);
    hold.sent();
    clock.advance(500);
    hold.failed(error);
    expect(table.settled).toEqual([0]);
  });

  test.for([
    ['whose visitor left before it went out', new Error('nobody waits any more')],
    ['that got no connection in time', new MuseError('provider-slow', 'no connection')],
  ] as const)('counts nothing for one %s', async ([, error]) => {
    const hold = await reserve([site]);
    clock.advance(9_000);
    hold.failed(error);
    expect(table.settled).toEqual([0]);
  });

  test('counts nothing for one that waits for a connection, and all of one that has it', async () => {
    const server = await startProvider();
    try {
      const gate = new Gate();
      server.script('m', stream([hold(gate), text('A page.'), finish()]));
      const controller = new AbortController();
      const asked = (signal: AbortSignal) => {
        const backend = { server: 'main:80', calls: { connections: 1 } };
        const { provider } = directory.find(one, {
          ...backend,
          endpoint: undefined,
          apiKey: undefined,
        });
        const sink = { text() {}, reasoning() {}, writtenBy() {}, log };
        return provider.complete({ ...chainRequest, budgets: [site] }, sink, signal);
      };
      const one = model({ endpoint: server.url });
      const directory = createProviderDirectory({
        transport: createTransport({}),
        clock,
        secrets: new Secrets(),
        budgets,
      });
      const first = asked(new AbortController().signal);
      await vi.waitFor(() => expect(server.received).toBe(1));
      const second = asked(controller.signal).catch((thrown: unknown) => thrown);
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(9_000);
      controller.abort(new Error('left'));
      expect(await second).toMatchObject({ message: 'left' });
      expect(table.settled).toEqual([0]);
      gate.open();
      await first;
      expect(table.settled).toEqual([0, input + 4]);
      expect(server.received).toBe(1);
    } finally {
      await server.close();
    }
  });

  test('counts one that a gateway gave up', async () => {
    const hold = await reserve([site]);
    hold.sent();
    hold.failed(new MuseError('provider-failed', 'gave up', { answered: 504 }));
    expect(table.settled).toEqual([input]);
  });
});

describe('days', () => {
  test('are those of the local calendar, and end at its midnight', () => {
    const noon = new Date(2026, 2, 29, 12).getTime();
    expect(dayOf(noon)).toBe(Date.UTC(2026, 2, 29) / DAY_MS);
    expect(dayOf(noon + secondsLeft(noon) * 1_000)).toBe(dayOf(noon) + 1);
    expect(dayOf(noon + secondsLeft(noon) * 1_000 - 1)).toBe(dayOf(noon));
    const end = new Date(2026, 2, 29, 23, 59, 59, 999).getTime();
    expect(secondsLeft(end)).toBe(1);
  });
});

describe('budgets are read', () => {
  test('from what httpd says', () => {
    expect(readBudgets(undefined)).toEqual([]);
    expect(readBudgets('tokens 200000 all pages\ncost 5000000000 Directory /srv/x y')).toEqual([
      { name: 'all pages', unit: 'tokens', limit: 200_000, isModels: false },
      { name: 'Directory /srv/x y', unit: 'cost', limit: 5_000_000_000, isModels: false },
    ]);
    for (const wrong of ['tokens', 'days 1 x', 'tokens -1 x', 'tokens 1 ', 'tokens 1 x\n']) {
      expect(() => readBudgets(wrong)).toThrow(/MUSE_BUDGETS/);
    }
  });

  test('from models.json, where money needs a price', () => {
    const both = model({ ...priced, budget: { tokens: 7, cost: 0.1 } });
    expect(budgetsOf(both)).toEqual([
      { name: 'model "m"', unit: 'tokens', limit: 7, isModels: true },
      { name: 'model "m"', unit: 'cost', limit: 100_000_000, isModels: true },
    ]);
    expect(budgetsOf(model())).toEqual([]);
    expect(() => model({ budget: { cost: 1 } })).toThrow(/budget: .*needs a "price"/);
    expect(() => model({ budget: {} })).toThrow(/budget: a budget is/);
  });
});
