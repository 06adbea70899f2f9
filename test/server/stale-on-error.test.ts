import { describe, expect } from 'vitest';
import {
  enablePages,
  type Httpd,
  type Result,
  scriptedModel,
  scriptedPage,
  test,
  waitUntil,
} from '../harness/index.ts';
import { fail, Gate, hold, type ScriptedProvider, say, stream, text } from '../provider/index.ts';
import { expectError, withErrorDocuments } from './error-answers.ts';
import { expire, isStale } from './stale-pages.ts';

/** A page that was written once and is past its freshness. */
async function expired(httpd: Httpd, provider: ScriptedProvider, ...lines: string[]) {
  withErrorDocuments(httpd);
  enablePages(httpd, provider, 'MuseAiCacheTTL 1', ...lines);
  httpd.site.write('page.ai', 'Write about {{ query.n }}.');
  await httpd.start();
  await httpd.get('/page');
  await expire(httpd, '/page');
}

function expectCopy(result: Result, status: number): void {
  expect([result.status, result.text, result.complete]).toEqual([200, scriptedPage, true]);
  expect(isStale(result)).toBe(true);
  expect(result.headers).toMatchObject({
    'cache-control': 'no-store',
    'cache-status': expect.stringContaining(`muse; fwd=stale; fwd-status=${status}; ttl=-`),
    'content-type': 'text/html; charset=utf-8',
    'content-length': String(Buffer.byteLength(scriptedPage)),
    etag: expect.any(String),
    vary: 'Accept,X-Muse-Model',
  });
  expect(Number(result.headers.age)).toBeGreaterThanOrEqual(1);
  expect(result.headers).not.toHaveProperty('retry-after');
  expect(result.headers).not.toHaveProperty('muse-error');
}

describe('a copy stands in for a page', () => {
  test.for([
    ['fails', fail(500), 502, 243],
    ['is busy', fail(429, { retryAfter: 7 }), 503, 242],
    ['refuses the key', fail(401), 502, 240],
    ['breaks off before the page', stream([{ kind: 'cut', how: 'reset' }]), 502, 246],
  ] as const)('when the provider %s', async ([, script, status, number], { httpd, provider }) => {
    await expired(httpd, provider);
    provider.script(scriptedModel, script);
    expectCopy(await httpd.get('/page'), status);
    expectCopy(await httpd.get('/page'), status);
    expectError(await httpd.get('/page?n=other'), status, 'a page that has no copy');
    httpd.log.expect(number, 56);
    provider.script(scriptedModel, say(scriptedPage));
    expect((await httpd.get('/page')).headers['cache-status']).toBe('muse; fwd=stale; stored');
  });

  test('when the provider is too slow', async ({ httpd, provider }) => {
    await expired(httpd, provider, 'MuseAiTimeout 1');
    provider.script(scriptedModel, stream([hold(new Gate())]));
    expectCopy(await httpd.get('/page'), 504);
    httpd.log.expect(245, 56);
  });

  test('by HTTP/2, and unchanged for whoever has it', async ({ httpd, provider }) => {
    httpd.config.modules('http2');
    httpd.config.lines('Protocols h2c http/1.1');
    await expired(httpd, provider);
    provider.script(scriptedModel, fail(500));
    const client = httpd.http2();
    expectCopy(await client.open('/page').done, 502);
    await client.close();
    const { etag = '' } = (await httpd.get('/page')).headers;
    const same = await httpd.get('/page', { headers: { 'If-None-Match': etag } });
    expect([same.status, same.text, isStale(same)]).toEqual([304, '', true]);
    httpd.log.expect(243);
  });

  test('that is the ErrorDocument of another, with the status of that', async ({
    httpd,
    provider,
  }) => {
    await expired(httpd, provider, 'ErrorDocument 404 /page');
    await httpd.get('/missing');
    await waitUntil('that page to expire', async () => {
      provider.script(scriptedModel, fail(500));
      const result = await httpd.get('/missing');
      expect([result.status, result.text]).toEqual([404, scriptedPage]);
      return isStale(result);
    });
    httpd.log.expect(243);
  });
});

describe('a copy stands in while the engine', () => {
  test('hangs', async ({ httpd, provider }) => {
    await expired(httpd, provider);
    const engine = await httpd.engine();
    await engine.freeze();
    const result = await httpd.get('/page');
    expectCopy(result, 503);
    expect(result.endAt).toBeLessThan(9_000);
    engine.thaw();
    httpd.log.expect(47, 56);
  });

  test('does not run, and is not waited for as without it', async ({ httpd, provider }) => {
    const { engine } = httpd.environment.stagedEngine();
    const script = `await import(${JSON.stringify(engine)});\n`;
    httpd.conf.write('engine.mjs', script);
    httpd.config.muse().lines(`MuseAiEngine ${httpd.conf.path('engine.mjs')}`);
    await expired(httpd, provider);
    httpd.conf.write('engine.mjs', 'throw new Error("a broken engine");\n');
    const gate = new Gate();
    provider.script(scriptedModel, stream([hold(gate), text('Never seen.')]));
    const asked = httpd.open('/page');
    await gate.arrived();
    for (const { command, pid } of httpd.processes()) {
      if (command.some((word) => word.endsWith('/engine.mjs'))) process.kill(pid, 'SIGKILL');
    }
    expectCopy(await asked.done, 503);
    for (let i = 0; i < 3; i++) {
      const result = await httpd.get('/page');
      expectCopy(result, 503);
      expect(result.endAt).toBeLessThan(5_000);
    }
    httpd.log.allow(/muse_ai:error/, 22);
    httpd.log.expect(56);
  });
});

describe('no copy stands in', () => {
  test.for([
    ['MuseAiCacheStaleOnError 0', '/page'],
    ['MuseAiCacheStaleOnError 600', '/page?cache-bypass=1'],
    ['MuseAiCacheEnable Off', '/page'],
    ['MuseAiCacheTTL 0', '/page'],
  ])('with %s for %s', async ([line, path = ''], { httpd, provider }) => {
    await expired(httpd, provider, line ?? '');
    provider.script(scriptedModel, fail(500));
    expectError(await httpd.get(path), 502, line ?? '');
    httpd.log.expect(243);
  });

  test('once its time is over', async ({ httpd, provider }) => {
    await expired(httpd, provider, 'MuseAiCacheStaleOnError 1');
    provider.script(scriptedModel, fail(500));
    const last = await waitUntil('the copy to expire', async () => {
      const result = await httpd.get('/page');
      return result.status === 200 ? undefined : result;
    });
    expectError(last, 502, 'expired copy');
    httpd.log.expect(243);
  });

  test('for a page that was edited or taken away, or has a mistake', async ({
    httpd,
    provider,
  }) => {
    await expired(httpd, provider);
    provider.script(scriptedModel, fail(500));
    httpd.site.write('page.ai', 'Write about something else.');
    expectError(await httpd.get('/page'), 502, 'edited');
    httpd.site.write('page.ai', '{{ mistake }}');
    expectError(await httpd.get('/page'), 500, 'mistake');
    httpd.site.remove('page.ai');
    expect((await httpd.get('/page')).status).toBe(404);
    httpd.log.expect(243, 225);
  });
});
