import { describe, expect } from 'vitest';
import { modelsAt, scriptedModel, test, useModel, waitUntil } from '../harness/index.ts';
import { fail, finish, say, stream } from '../provider/index.ts';
import {
  addLimitedPage,
  addPages,
  administer,
  numbersAfter,
  numbersOf,
  priced,
  prompt,
} from './administration.ts';
import { gated } from './gated-page.ts';
import { parsePrometheus } from './prometheus.ts';
import { expire } from './stale-pages.ts';

describe('metrics', () => {
  test('are what Prometheus reads, and have all that there is', async ({ httpd, provider }) => {
    administer(httpd, provider);
    await httpd.start();
    await httpd.enginesReady();
    await httpd.get('/page');
    await numbersAfter(httpd, 1);
    const { status, headers, text } = await httpd.get('/metrics');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'cache-control': 'no-store',
    });
    const families = parsePrometheus(text);
    expect([...families.keys()].every((name) => name.startsWith('muse_'))).toBe(true);
    const numberAt = (name: string, labels: Record<string, string> = {}) =>
      families
        .get(name)
        ?.samples.find((sample) =>
          Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
        )?.value;
    expect(numberAt('muse_up')).toBe(1);
    expect(numberAt('muse_requests_total', { outcome: 'miss' })).toBe(1);
    expect(numberAt('muse_completions_total', { model: priced.name })).toBe(1);
    expect(numberAt('muse_engine_up', { engine: '0' })).toBe(1);
    expect(numberAt('muse_endpoint_up', { model: priced.name, endpoint: provider.url })).toBe(1);
    expect(numberAt('muse_time_to_first_byte_seconds', { le: '+Inf' })).toBe(1);
    expect(text).not.toContain(priced.api_key);
    expect(text).not.toContain('treasure');
  });

  test('escape what stands in a model’s name', async ({ httpd, provider }) => {
    const name = 'a "quoted" \\ name';
    provider.script(name, say('<!doctype html><p>x</p>'));
    httpd.config.muse({ models: modelsAt(provider, name), lines: ['MuseAiEnable On'] });
    addPages(httpd);
    httpd.site.write('page.ai', prompt);
    await httpd.start();
    await httpd.get('/page');
    const families = parsePrometheus((await httpd.get('/metrics')).text);
    const labels = families.get('muse_completions_total')?.samples.map((sample) => sample.labels);
    expect(labels).toEqual([{ model: name }]);
    expect((await numbersOf(httpd)).models[0]?.name).toBe(name);
  });

  test('count each request once, by its outcome', async ({ httpd, provider }) => {
    administer(httpd, provider, 'MuseAiCacheTTL 1', 'MuseAiCacheStale 600');
    addLimitedPage(httpd);
    httpd.site.write('broken.ai', '---\nmodel: priced\nnonsense: 1\n---\nWrite.');
    const gate = gated(provider, priced.name);
    await httpd.start();
    const first = httpd.open('/page');
    await gate.arrived(1);
    const second = httpd.open('/page');
    gate.release(2);
    await Promise.all([first, second].map((visitor) => visitor.waitFor('The first piece.')));
    gate.open();
    await Promise.all([first.done, second.done]);
    // It may be past its freshness by now, and is written anew then.
    await waitUntil('a fresh hit', async () => {
      const { headers } = await httpd.get('/page');
      return /^muse; hit; ttl=\d/.test(headers['cache-status'] ?? '');
    });
    await expire(httpd, '/page');
    await httpd.get('/limited');
    expect((await httpd.get('/limited')).status).toBe(429);
    expect((await httpd.get('/broken')).status).toBe(500);
    httpd.log.expect(224);
    const { requests, time_to_first_byte, response_time } = await waitUntil(
      'the last to be counted',
      async () => {
        const numbers = await numbersOf(httpd);
        return numbers.requests.error === 1 && numbers.requests.miss === 2 && numbers;
      },
    );
    expect(requests).toMatchObject({ joined: 1, miss: 2, limited: 1, error: 1 });
    expect(requests.hit).toBeGreaterThanOrEqual(1);
    expect(requests.stale).toBeGreaterThanOrEqual(1);
    const { total, ...each } = requests;
    expect(Object.values(each).reduce((sum, n) => sum + n)).toBe(total);
    expect([time_to_first_byte.count, response_time.count]).toEqual([3, 3]);
    expect(response_time.sum).toBeGreaterThanOrEqual(time_to_first_byte.sum);
  });

  test('tell tokens and cost, and what hits and shared answers saved', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    await httpd.start();
    await httpd.get('/page');
    const [before] = (await numbersAfter(httpd, 1)).models;
    const { input_tokens = 0, output_tokens = 0, cost = 0 } = before ?? {};
    expect([input_tokens > 0, output_tokens > 0]).toEqual([true, true]);
    expect(cost).toBeCloseTo((input_tokens * 2 + output_tokens * 10) / 1e6, 9);
    expect(before?.cost_saved).toBe(0);
    for (let i = 0; i < 3; i++) await httpd.get('/page');
    await httpd.get('/page', { method: 'HEAD' });
    const [after] = (await numbersAfter(httpd, 5)).models;
    expect(after?.cost).toBe(cost);
    expect(after?.cost_saved).toBeCloseTo(3 * cost, 9);
    // The alias is gone, and the engine finds the answer by its content.
    httpd.site.write('page.ai', `${prompt}`);
    httpd.site.touch('page.ai', new Date(Date.now() - 60_000));
    await httpd.get('/page');
    const { models, requests } = await numbersAfter(httpd, 6);
    expect(models[0]?.cost_saved).toBeCloseTo(4 * cost, 9);
    expect(requests).toMatchObject({ hit: 5, miss: 1 });
  });

  test('tell what an answer took that came to nothing, before a fallback wrote', async ({
    httpd,
    provider,
  }) => {
    const price = { input: 1, output: 2 };
    const models = modelsAt(
      provider,
      { name: 'first', fallback: ['second'], stream_usage: true, price },
      { name: 'second', stream_usage: true, price },
    );
    httpd.config.muse({ models, lines: ['MuseAiEnable On'] });
    addPages(httpd);
    httpd.site.write('page.ai', prompt);
    provider.script('first', stream([finish()]));
    provider.script('second', say('<!doctype html><p>The second.'));
    await httpd.start();
    expect((await httpd.get('/page')).text).toContain('The second.');
    const numbers = await numbersAfter(httpd, 1);
    expect(numbers.completions).toBe(1);
    const used = (name: string) => numbers.models.find((model) => model.name === name);
    expect(used('first')).toMatchObject({ completions: 1, failures: 0, output_tokens: 0 });
    expect(used('first')?.input_tokens).toBeGreaterThan(0);
    expect(used('first')?.cost).toBeGreaterThan(0);
    expect(used('second')?.input_tokens).toBe(used('first')?.input_tokens);
    httpd.log.expect(233);
  });

  test('count who comes back for an answer apart, and as nothing that was saved', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    const gate = gated(provider, priced.name);
    await httpd.start();
    const { status, headers } = await httpd.get('/page', { headers: { Prefer: 'respond-async' } });
    const { location = '' } = headers;
    expect(status).toBe(202);
    await gate.arrived(1);
    expect((await httpd.get(location)).status).toBe(202);
    gate.open();
    for (let i = 0; i < 2; i++) {
      expect((await httpd.get(location, { headers: { Prefer: 'wait=60' } })).status).toBe(200);
    }
    const { requests, models } = await numbersAfter(httpd, 4);
    expect(requests).toMatchObject({ miss: 1, returned: 3, joined: 0, hit: 0, total: 4 });
    expect(models[0]?.cost_saved).toBe(0);
  });

  test('tell of failures, and of visitors who left', async ({ httpd, provider }) => {
    useModel(httpd, provider);
    httpd.config.section('Directory', httpd.site.root, 'MuseAiEnable On');
    addPages(httpd);
    httpd.site.write('page.ai', prompt);
    httpd.site.write('other.ai', 'Write about others.');
    provider.script(scriptedModel, fail(400));
    await httpd.start();
    expect((await httpd.get('/page')).status).toBe(502);
    httpd.log.expect(249);
    const gate = gated(provider);
    const visitor = httpd.open('/other');
    await gate.arrived(1);
    gate.release(2);
    await visitor.waitFor('The first piece.');
    const busy = await waitUntil('the engine to tell of it', async () => {
      const numbers = await numbersOf(httpd);
      return numbers.engines[0]?.in_flight === 1 && numbers;
    });
    expect(busy.endpoints[0]?.active).toBe(1);
    visitor.leave();
    const numbers = await waitUntil('it to be counted', async () => {
      const latest = await numbersOf(httpd);
      return latest.abandoned === 1 && latest.engines[0]?.in_flight === 0 && latest;
    });
    expect(numbers.requests).toMatchObject({ error: 1, miss: 1 });
    expect([numbers.completions, numbers.completions_failed]).toEqual([2, 1]);
    expect(numbers.models[0]?.failures).toBe(1);
  });

  test('outlive a graceful restart, and are sums over several engines', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    httpd.config.lines('MuseAiEngines 2');
    for (let i = 0; i < 6; i++) httpd.site.write(`page${i}.ai`, `Write about ${i}.`);
    await httpd.start();
    for (let i = 0; i < 6; i++) await httpd.get(`/page${i}`);
    expect((await numbersAfter(httpd, 6)).models[0]).toMatchObject({ completions: 6 });
    await httpd.graceful();
    await httpd.get('/page0');
    const { requests, models, engines } = await numbersAfter(httpd, 7);
    expect(requests).toMatchObject({ miss: 6, hit: 1, total: 7 });
    expect(models[0]).toMatchObject({ completions: 6 });
    expect(engines).toHaveLength(2);
    const { text } = await httpd.get('/metrics');
    expect(parsePrometheus(text).get('muse_engine_up')?.samples).toHaveLength(2);
  });

  test('have another name, take no other method, and are refused where Require says so', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    httpd.config.section('Location', '/old', 'SetHandler metrics-handler');
    httpd.config.section('Location', '/closed', 'SetHandler muse-ai-metrics', 'Require all denied');
    await httpd.start();
    expect(parsePrometheus((await httpd.get('/old')).text).size).toBeGreaterThan(10);
    const refused = await httpd.get('/metrics', { method: 'POST', body: 'x' });
    expect(refused.status).toBe(405);
    expect(refused.headers.allow).toContain('GET');
    const head = await httpd.get('/metrics', { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
    expect((await httpd.get('/closed')).status).toBe(403);
    httpd.log.allow('AH01630');
  });
});
