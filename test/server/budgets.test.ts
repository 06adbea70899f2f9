/** Budgets for a day: what is written within them, and what visitors get past them. */
import { describe, expect } from 'vitest';
import { modelsAt, scriptedModel, scriptedPage, test } from '../harness/index.ts';
import { Gate, hold, samplePage, say, stream, text } from '../provider/index.ts';
import { addPages, health } from './administration.ts';
import {
  allBudgets,
  budgetOf,
  budgetPages,
  enable,
  expectUsedUp,
  settledBudget,
  thrifty,
  tokensOfPage,
  usedUp,
} from './budgeted-pages.ts';
import { openDoor, program, question } from './open-door.ts';
import { parsePrometheus } from './prometheus.ts';
import { expire, isStale } from './stale-pages.ts';

describe('a budget', () => {
  test('of N pages has N pages written, however many visitors come at once', async ({
    httpd,
    provider,
  }) => {
    const pages = 10;
    budgetPages(httpd, provider, 'MuseAiBudget 1000000 tokens');
    httpd.config.lines('MuseAiEngines 2');
    httpd.config.processes(
      'StartServers 4',
      'ServerLimit 16',
      'ThreadsPerChild 16',
      'MaxRequestWorkers 64',
      'MinSpareThreads 16',
      'MaxSpareThreads 64',
    );
    await httpd.start();
    await httpd.enginesReady(2);
    const tokens = await tokensOfPage(httpd);
    enable(httpd, `MuseAiBudget ${tokens * pages} tokens`);
    await httpd.graceful();
    const visitors = Array.from({ length: 200 }, (_, i) => httpd.open(`/page?n=${200 + i}`));
    const results = await Promise.all(visitors.map(({ done }) => done));
    const refused = results.filter(({ status }) => status === 503);
    expect(results.filter(({ status }) => status === 200)).toHaveLength(pages - 1);
    expect(refused).toHaveLength(200 - (pages - 1));
    for (const { headers } of refused) {
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(25 * 3_600);
    }
    expect(provider.received).toBe(pages);
    const budget = await settledBudget(httpd);
    expect([budget.used, budget.limit, budget.gone]).toEqual([
      tokens * pages,
      tokens * pages,
      true,
    ]);
    // The page from before is served as ever.
    expect((await httpd.get('/page?n=100')).status).toBe(200);
    await expectUsedUp(httpd, 1);
  });

  test('is overrun by one call at most, where the pages are not of one size', async ({
    httpd,
    provider,
  }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 0.02 cost');
    provider.script(scriptedModel, () =>
      say(Array.from({ length: 50 + 90 * (provider.received % 5) }, () => '<p>x</p>')),
    );
    await httpd.start();
    const visitors = Array.from({ length: 60 }, (_, i) => httpd.open(`/page?n=${200 + i}`));
    const results = await Promise.all(visitors.map(({ done }) => done));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set([200, 503]));
    const { used } = await settledBudget(httpd);
    const { models } = JSON.parse((await httpd.get('/metrics?format=json')).text);
    expect(used).toBeCloseTo(models[0].cost, 9);
    expect(used).toBeGreaterThanOrEqual(0.02);
    // The longest answer has 410 pieces, a token each.
    expect(used).toBeLessThan(0.02 + 0.000_01 * 410 + 0.000_002 * 2_000);
    httpd.log.expect(usedUp);
  });

  test('is shown to administrators, and makes the server degraded when it is gone', async ({
    httpd,
    provider,
  }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1 tokens');
    await httpd.start();
    await httpd.enginesReady();
    const page = await httpd.get('/page?n=100');
    expect(page.status).toBe(200);
    expect((await httpd.get('/page?n=101')).status).toBe(503);
    const name = `Directory ${httpd.site.root}`;
    expect(await budgetOf(httpd)).toMatchObject({ name, unit: 'tokens', limit: 1, gone: true });
    const { status, problems } = await health(httpd);
    expect(status).toBe('degraded');
    expect(problems).toEqual([expect.stringMatching(/^a budget is used up for today/)]);
    const families = parsePrometheus((await httpd.get('/metrics')).text);
    expect(families.get('muse_budget_limit')?.samples).toEqual([
      expect.objectContaining({ labels: { budget: name, unit: 'tokens' }, value: 1 }),
    ]);
    expect(families.get('muse_budget_used')?.samples[0]?.value).toBeGreaterThan(1);
    expect((await httpd.get('/status')).text).toContain('used up</span>');
    httpd.log.expect(usedUp);
  });

  test('that is gone has a stale page served, and a call is not made', async ({
    httpd,
    provider,
  }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1 tokens', 'MuseAiCacheTTL 1');
    await httpd.start();
    const first = await httpd.get('/page?n=100');
    await expire(httpd, '/page?n=100');
    const again = await httpd.get('/page?n=100');
    expect([again.status, again.text, isStale(again)]).toEqual([200, first.text, true]);
    expect(again.headers).not.toHaveProperty('retry-after');
    expect(provider.received).toBe(1);
    httpd.log.expect(usedUp);
  });

  test('costs nothing for who reads along', async ({ httpd, provider }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1 tokens');
    const gate = new Gate();
    provider.script(scriptedModel, say(['<!doctype html>', '<p>x</p>'], { gate }));
    await httpd.start();
    const first = httpd.open('/page?n=100');
    await gate.arrived();
    const second = httpd.open('/page?n=100');
    gate.open();
    expect([(await first.done).status, (await second.done).status]).toEqual([200, 200]);
    expect(provider.received).toBe(1);
  });

  test('counts a page whose visitor leaves', async ({ httpd, provider }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1000000 tokens');
    const gate = new Gate();
    provider.script(scriptedModel, stream([text('<!doctype html><p>One'), hold(gate)]));
    await httpd.start();
    const visitor = httpd.open('/page?n=100');
    await gate.arrived();
    expect((await budgetOf(httpd)).reserved).toBeGreaterThan(500);
    visitor.leave();
    const { used } = await settledBudget(httpd);
    expect(used).toBeGreaterThan(20);
  });
});

describe('budgets of several sections', () => {
  test('hold together, unless the inner one says Off', async ({ httpd, provider }) => {
    budgetPages(httpd, provider);
    httpd.config.lines('MuseAiBudget 0 tokens');
    httpd.config.section('Location', '/tight', 'MuseAiBudget 1000000 tokens');
    httpd.config.section('Location', '/free', 'MuseAiBudget Off');
    for (const name of ['tight', 'free']) httpd.site.write(`${name}.ai`, 'Write about herons.');
    await httpd.start();
    expect((await httpd.get('/tight')).status).toBe(503);
    expect((await httpd.get('/free')).status).toBe(200);
    const found = (await allBudgets(httpd)).map(({ name, used }) => [name, used]);
    expect(found).toEqual([['all pages', 0]]);
    httpd.log.expect(usedUp);
  });

  test('are only made tighter by .htaccess', async ({ httpd, provider }) => {
    budgetPages(httpd, provider, 'AllowOverride FileInfo', 'MuseAiBudget 1000000 tokens');
    httpd.site.write('tight/.htaccess', 'MuseAiBudget 0 tokens\n');
    httpd.site.write('tight/page.ai', 'Write about herons.');
    httpd.site.write('off/.htaccess', 'MuseAiBudget Off\n');
    httpd.site.write('off/page.ai', 'Write about herons.');
    await httpd.start();
    expect((await httpd.get('/tight/page')).status).toBe(503);
    expect((await httpd.get('/off/page')).status).toBe(500);
    expect((await httpd.get('/page?n=100')).status).toBe(200);
    httpd.log.expect(usedUp, /MuseAiBudget Off has no place in \.htaccess/);
  });
});

describe('a model’s own budget', () => {
  test('that is gone has its fallback write, and without one is answered 503', async ({
    httpd,
    provider,
  }) => {
    const small = { name: 'small', stream_usage: true };
    const dear = { ...thrifty, budget: { cost: 0.000_001 }, fallback: ['small'] };
    const alone = { ...thrifty, name: 'alone', model: 'small', budget: { tokens: 0 } };
    provider.script(scriptedModel, say(scriptedPage));
    provider.script('small', say(samplePage('small')));
    httpd.config.muse({ models: modelsAt(provider, dear, small, alone) });
    enable(httpd);
    addPages(httpd);
    httpd.site.write('page.ai', 'Write about {{ query.n }}.');
    httpd.site.write('alone.ai', '---\nmodel: alone\n---\nWrite about herons.');
    await httpd.start();
    const models = [];
    for (const n of [100, 101, 102]) {
      expect((await httpd.get(`/page?n=${n}`)).status).toBe(200);
      models.push(provider.requests.at(-1)?.model);
    }
    expect(models).toEqual([scriptedModel, 'small', 'small']);
    const refused = await httpd.get('/alone');
    expect([refused.status, refused.headers['muse-error']]).toEqual([503, undefined]);
    const names = (await allBudgets(httpd)).map(({ name, gone }) => [name, gone]);
    expect(names).toEqual([
      [`model "${scriptedModel}"`, true],
      ['model "alone"', true],
    ]);
    httpd.log.expect(/MUSE0233: model "small" writes the pages .*is used up/);
    await expectUsedUp(httpd, 2);
  });

  test('of money is refused without a price, and so is such a model below a directive', async ({
    httpd,
    provider,
  }) => {
    httpd.config.muse({ models: modelsAt(provider, scriptedModel) });
    enable(httpd, 'MuseAiBudget 5.00 cost');
    httpd.site.write('page.ai', 'Write about herons.');
    await httpd.start();
    expect((await httpd.get('/page')).status).toBe(503);
    expect(provider.received).toBe(0);
    httpd.log.expect(/MUSE0237: model "scripted" has no price, so the budget of 5 \(cost\)/);
  });
});

describe('what programs and visitors ask for', () => {
  test('counts as well', async ({ httpd, provider }) => {
    openDoor(httpd, provider, 'MuseAiBudget 1 tokens');
    httpd.config.section(
      'Location',
      '/ai',
      'SetHandler muse-ai-handler',
      'MuseAiPrompt On',
      'MuseAiBudget 0 tokens',
    );
    provider.script(scriptedModel, say('A bird.'));
    await httpd.start();
    const answer = await program(httpd).chat.completions.create(question);
    expect(answer.choices[0]?.message.content).toBe('A bird.');
    const other = { ...question, messages: [{ role: 'user' as const, content: 'And a stork?' }] };
    await expect(program(httpd).chat.completions.create(other)).rejects.toMatchObject({
      status: 503,
      code: 'budget_spent',
      error: { message: 'The budget of this server is used up for today.' },
    });
    expect((await httpd.get('/ai?prompt=Herons')).status).toBe(503);
    expect(provider.received).toBe(1);
    httpd.log.expect(usedUp);
  });
});

describe('MuseAiBudget', () => {
  test.for([
    'MuseAiBudget 5',
    'MuseAiBudget -1 tokens',
    'MuseAiBudget 1.5 tokens',
    'MuseAiBudget 5. cost',
    'MuseAiBudget .5 cost',
    'MuseAiBudget 0.1234567891 cost',
    'MuseAiBudget 1000001 cost',
    'MuseAiBudget 1000000000001 tokens',
    'MuseAiBudget 99999999999999999999999 tokens',
    'MuseAiBudget 5 euros',
    'MuseAiBudget Off tokens',
  ])('refuses "%s", and says what would be right', async (line, { httpd }) => {
    httpd.config.muse({ lines: [line] });
    const { ok, said } = await httpd.check();
    expect(ok).toBe(false);
    expect(said).toMatch(/for example: MuseAiBudget 200000 tokens, or MuseAiBudget 5\.00 cost/);
  });

  test.for([
    'MuseAiBudget 0 tokens',
    'MuseAiBudget 1000000000000 Tokens',
    'MuseAiBudget 0.123456789 cost',
    'MuseAiBudget 1000000 cost',
    'MuseAiBudget off',
  ])('takes "%s"', async (line, { httpd }) => {
    httpd.config.muse({ lines: [line] });
    const { ok, said } = await httpd.check();
    expect([ok, said]).toEqual([true, expect.anything()]);
  });
});
