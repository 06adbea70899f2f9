import { describe, expect } from 'vitest';
import { type Httpd, modelsAt, test, waitUntil } from '../harness/index.ts';
import {
  fail,
  type ScriptedProvider,
  say,
  stall,
  startProvider,
  stream,
} from '../provider/index.ts';
import { enabled, writerOf } from './writer-of.ts';

/** Pages that are never the same, with the engine's every decision in the log. */
async function start(httpd: Httpd, models: unknown): Promise<void> {
  httpd.site.write('page.ai', 'Write about {{ query.topic }}.');
  httpd.config.logLevel = 'info muse_ai:debug';
  httpd.config.muse({ models, ...enabled });
  await httpd.start();
}

/** What was tried for the page that is asked for meanwhile. */
async function triedFor(httpd: Httpd, action: () => Promise<unknown>): Promise<string> {
  const mark = httpd.log.mark();
  await action();
  return (await httpd.log.waitFor(230, { mark })).text;
}

describe('a provider that fails before the first byte', () => {
  test('is asked again, and the page comes as if nothing had been', async ({ httpd, provider }) => {
    provider.script('writer', fail(500), fail(503), say('At last.'));
    await start(httpd, modelsAt(provider, 'writer'));
    const tried = await triedFor(httpd, async () => {
      const result = await httpd.get('/page?topic=bees');
      expect([result.status, result.complete]).toEqual([200, true]);
      expect(result.text).toContain('At last.');
      expect(result.headers['cache-control']).toBe('max-age=300');
    });
    expect(tried).toMatch(
      /500 after .*pause of .*503 after .*pause of .*answer begun .*stop after/,
    );
    expect(tried).not.toContain('bees');
    expect(provider.received).toBe(3);
  });

  test('is asked again after its Retry-After where that is short', async ({ httpd, provider }) => {
    provider.script('writer', fail(429, { retryAfter: 1 }), say('At last.'));
    await start(httpd, modelsAt(provider, 'writer'));
    expect((await httpd.get('/page?topic=bees')).status).toBe(200);
    const [first, second] = provider.requests.map(({ receivedAt }) => receivedAt);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  test('is left alone when the visitor leaves during the pause', async ({ httpd, provider }) => {
    provider.script('writer', fail(429, { retryAfter: 5 }));
    const endpoints = ['one', 'two'].map((key) => ({ url: provider.url, api_key: `key-${key}` }));
    await start(httpd, { models: [{ name: 'writer', endpoints }] });
    const exchange = httpd.open('/page?topic=bees');
    // Both have failed, and the pause has begun.
    await httpd.log.waitFor(231, { count: 2 });
    exchange.leave();
    // Told at the end of the call: after the pause it would tell of a third one.
    expect((await httpd.log.waitFor(230)).text).toMatch(
      /429 after \d+ ms, then a pause of \d+ ms$/,
    );
    expect(provider.received).toBe(2);
    httpd.log.expect(231);
  });
});

describe('a fallback', () => {
  test('writes the page, which is kept for a short time only; the log says it once', async ({
    httpd,
    provider,
  }) => {
    provider.script('first', fail(500));
    await start(
      httpd,
      modelsAt(provider, { name: 'first', retries: 0, fallback: ['second'] }, 'second'),
    );
    for (const topic of ['bees', 'wasps', 'ants']) {
      const result = await httpd.get(`/page?topic=${topic}`);
      expect([result.status, result.headers['cache-control']]).toEqual([200, 'max-age=60']);
      expect(result.text).toContain('Written by second');
    }
    const kept = await httpd.get('/page?topic=bees');
    expect(kept.headers['cache-control']).toBe('max-age=60');
    expect(kept.headers['cache-status']).toMatch(/hit/);
    expect(httpd.log.matching(233)).toHaveLength(1);
    httpd.log.expect(/MUSE0233: model "second" writes .* "first" .*status 500/);
  });

  test('is not reached by a model that answers, slow as it may be', async ({ httpd, provider }) => {
    provider.script('first', say('Slowly.', { firstMs: 300 }));
    await start(httpd, modelsAt(provider, { name: 'first', fallback: ['second'] }, 'second'));
    expect((await httpd.get('/page?topic=bees')).text).toContain('Slowly.');
    expect(provider.requests.map(({ model }) => model)).toEqual(['first']);
  });

  test('takes over from a model that does not begin in its time', async ({ httpd, provider }) => {
    provider.script('first', stream([stall()]));
    const first = { name: 'first', timeouts: { first: 0.2 }, fallback: ['second'] };
    await start(httpd, modelsAt(provider, first, 'second'));
    expect(await writerOf(httpd, '/page?topic=bees')).toBe('second');
    expect(await provider.requests[0]?.settled).toBe('aborted');
    httpd.log.expect(/MUSE0233.*timeouts\.first/);
  });

  test('that fails as well leaves the asked model’s status and log line', async ({
    httpd,
    provider,
  }) => {
    provider.script('first', fail(401));
    provider.script('second', fail(429, { retryAfter: 9 }));
    await start(httpd, modelsAt(provider, { name: 'first', fallback: ['second'] }, 'second'));
    const result = await httpd.get('/page?topic=bees');
    expect([result.status, result.headers['retry-after']]).toEqual([502, '9']);
    httpd.log.expect(/MUSE0240.*"first".*its fallbacks failed as well: "second" \(provider-busy\)/);
  });

  test('can be given to a model by an edit of models.json', async ({ httpd, provider }) => {
    provider.script('first', fail(500));
    const first = { name: 'first', retries: 0 };
    await start(httpd, modelsAt(provider, first, 'second'));
    expect((await httpd.get('/page?topic=bees')).status).toBe(502);
    httpd.conf.writeJson(
      'models.json',
      modelsAt(provider, { ...first, fallback: ['second'] }, 'second'),
    );
    await waitUntil('the fallback to write', async () => {
      return (await httpd.get('/page?topic=bees')).status === 200;
    });
    httpd.log.expect(/MUSE0243.*"first"/, 233);
    httpd.log.allow(211, 213); // seen at the wrong moment
  });
});

describe('several endpoints of a model', () => {
  const at = (...urls: readonly (string | { readonly url: string; readonly weight: number })[]) =>
    urls.map((url) => (typeof url === 'string' ? { url } : url));
  const ask = async (httpd: Httpd, count: number, what: string) => {
    for (let i = 0; i < count; i++) {
      expect((await httpd.get(`/page?topic=${what}-${i}`)).status).toBe(200);
    }
  };

  test('share the pages by weight', async ({ httpd, provider }) => {
    await using other = await startProvider();
    const endpoints = at({ url: provider.url, weight: 3 }, other.url);
    await start(httpd, { models: [{ name: 'writer', endpoints }] });
    await ask(httpd, 8, 'bee');
    expect([provider.received, other.received]).toEqual([6, 2]);
  });

  test('rest when they fail, are tried again, and come back', async ({ httpd, provider }) => {
    await using other = await startProvider();
    provider.script('writer', fail(500));
    const circuit = { failures: 2, cooldown: 1 };
    const model = { name: 'writer', endpoints: at(provider.url, other.url), retries: 0, circuit };
    await start(httpd, { models: [model] });
    await ask(httpd, 4, 'bee');
    await httpd.log.waitFor(/MUSE0231.*endpoint 1.*left alone for 1\.0 s.*status 500/);
    // An edit between does not make it forget.
    httpd.conf.writeJson('models.json', { models: [{ ...model, temperature: 0.5 }] });
    await httpd.log.waitFor(210, { count: 2 });
    expect(httpd.log.matching(231)).toHaveLength(1);
    const before = provider.received;
    let asked = 0;
    await waitUntil('a trial', async () => {
      await ask(httpd, 1, `wasp-${asked++}`);
      return provider.received > before;
    });
    expect(httpd.log.matching(232)).toHaveLength(0);
    provider.script('writer', say('I am back.'));
    await waitUntil('the endpoint to be back', async () => {
      await ask(httpd, 1, `ant-${asked++}`);
      return httpd.log.matching(232).length > 0;
    });
    const after = [provider.received, other.received];
    await ask(httpd, 4, 'fly');
    expect([provider.received - (after[0] ?? 0), other.received - (after[1] ?? 0)]).toEqual([2, 2]);
    expect(httpd.log.matching(231)).toHaveLength(1);
    httpd.log.expect(231, 232);
    httpd.log.allow(211, 213); // seen at the wrong moment
  });

  test('stand in for one that refuses connections, at once', async ({ httpd, provider }) => {
    await using other = await startProvider();
    const [gone, here]: [ScriptedProvider, ScriptedProvider] = [provider, other];
    await start(httpd, { models: [{ name: 'writer', endpoints: at(gone.url, here.url) }] });
    await gone.refuse();
    const tried = await triedFor(httpd, () => ask(httpd, 1, 'bee'));
    expect(tried).toMatch(/endpoint 1 \(\S+\): unreachable after \d+ ms; endpoint 2/);
    expect(tried).not.toContain('pause');
  });
});
