import { describe, expect } from 'vitest';
import {
  type EngineProcess,
  enablePages,
  type Httpd,
  scriptedModel,
  scriptedPage,
  test,
  useModel,
  waitUntil,
} from '../harness/index.ts';
import { say } from '../provider/index.ts';
import { countedPage, countPages, isHit } from './counted-pages.ts';

test('a page is written once and then served by httpd alone', async ({ httpd, provider }) => {
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  const first = await httpd.get('/page');
  expect([first.status, first.text]).toEqual([200, scriptedPage]);
  expect(first.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'max-age=300',
    'cache-status': 'muse; fwd=uri-miss; stored',
    vary: 'Accept,X-Muse-Model',
  });
  expect(first.headers).not.toHaveProperty('age');
  const second = await httpd.get('/page');
  expect([second.status, second.text]).toEqual([200, scriptedPage]);
  expect(second.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-length': String(Buffer.byteLength(scriptedPage)),
    'cache-control': 'max-age=300',
    'cache-status': expect.stringMatching(/^muse; hit; ttl=\d+$/),
    vary: 'Accept,X-Muse-Model',
    etag: expect.stringMatching(/^"[^"]+"$/),
    age: expect.stringMatching(/^\d+$/),
  });
  expect(provider.received).toBe(1);
});

test('Age counts up, and what is left of the lifetime goes down', async ({ httpd, provider }) => {
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  await httpd.get('/page');
  const older = await waitUntil('a second to pass', async () => {
    const result = await httpd.get('/page');
    return Number(result.headers.age) >= 1 ? result : undefined;
  });
  const ttl = Number(/ttl=(\d+)/.exec(older.headers['cache-status'] ?? '')?.[1]);
  expect(Number(older.headers.age) + ttl).toBe(300);
  expect(older.headers['cache-control']).toBe('max-age=300');
});

test('cached pages are served while the engine is stopped', async ({ httpd, provider }) => {
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write about {{ query.n }}.');
  httpd.site.write('static.txt', 'static');
  await httpd.start();
  await httpd.enginesReady();
  await httpd.get('/page?n=1');
  const engine = await httpd.engine();
  await engine.freeze();
  const hits = await Promise.all(Array.from({ length: 20 }, () => httpd.get('/page?n=1')));
  expect(hits.every((hit) => isHit(hit) && hit.text === scriptedPage)).toBe(true);
  expect((await httpd.get('/page?n=1', { method: 'HEAD' })).status).toBe(200);
  expect((await httpd.get('/static.txt')).text).toBe('static');
  const cold = httpd.open('/page?n=2');
  expect(isHit(await httpd.get('/page?n=1'))).toBe(true);
  expect(provider.received).toBe(1);
  engine.thaw();
  expect((await cold.done).text).toBe(scriptedPage);
  expect(provider.received).toBe(2);
});

describe('a visitor who has the page already gets 304', () => {
  test('for its ETag, however it is written', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    await httpd.get('/page');
    const { etag = '', vary } = (await httpd.get('/page')).headers;
    const ask = (value: string, method = 'GET') =>
      httpd.get('/page', { method, headers: { 'If-None-Match': value } });
    for (const value of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const same = await ask(value);
      expect([value, same.status, same.text]).toEqual([value, 304, '']);
      expect(same.headers).toMatchObject({ etag, vary, 'cache-control': 'max-age=300' });
      expect((await ask(value, 'HEAD')).status).toBe(304);
    }
    for (const value of ['"other"', 'W/"other"', etag.slice(0, -2)]) {
      const whole = await ask(value);
      expect([value, whole.status, whole.text]).toEqual([value, 200, scriptedPage]);
    }
    expect(provider.received).toBe(1);
  });

  test('also when mod_deflate has packed it', async ({ httpd, provider }) => {
    httpd.config.modules('filter', 'deflate');
    enablePages(httpd, provider, 'SetOutputFilter DEFLATE');
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    await httpd.get('/page');
    const gzip = { 'Accept-Encoding': 'gzip' };
    const packed = await httpd.get('/page', { headers: gzip });
    expect(packed.headers['content-encoding']).toBe('gzip');
    const { etag = '' } = packed.headers;
    expect(etag).toMatch(/-gzip"$/);
    for (const tag of [etag, etag.replace('-gzip', '')]) {
      const again = await httpd.get('/page', { headers: { ...gzip, 'If-None-Match': tag } });
      expect([tag, again.status, again.body.length]).toEqual([tag, 304, 0]);
      // A cache that takes these over has the packed page, and only for those who unpack it.
      expect(again.headers.etag).toBe(tag);
      if (tag === etag) expect(again.headers.vary).toBe(packed.headers.vary);
    }
    const other = await httpd.get('/page', { headers: { 'If-None-Match': '"other-gzip"' } });
    expect([other.status, other.text]).toEqual([200, scriptedPage]);
  });
});

describe('an answer is kept', () => {
  test('as long as page, model or directive say, in this order', async ({ httpd, provider }) => {
    const models = [{ name: scriptedModel }, { name: 'brief', ttl: 40 }];
    httpd.config.muse({
      models: { models: models.map((model) => ({ ...model, endpoint: provider.url })) },
    });
    httpd.config
      .lines('MuseAiEnable On')
      .section('Directory', httpd.site.path('set'), 'MuseAiCacheTTL 60');
    const matter = '---\nttl: 20\n---\n';
    for (const folder of ['set', 'unset']) {
      httpd.site.write(`${folder}/plain.ai`, `Write plainly in ${folder}.`);
      httpd.site.write(`${folder}/own.ai`, `${matter}Write quickly in ${folder}.`);
    }
    await httpd.start();
    for (const [path, model, seconds] of [
      ['/unset/plain', scriptedModel, 300],
      ['/set/plain', scriptedModel, 60],
      ['/set/plain', 'brief', 40],
      ['/unset/plain', 'brief', 40],
      ['/set/own', scriptedModel, 20],
      ['/set/own', 'brief', 20],
    ] as const) {
      const headers = { 'X-Muse-Model': model };
      const first = await httpd.get(path, { headers });
      const hit = await httpd.get(path, { headers });
      const both = [first, hit].map((result) => result.headers['cache-control']);
      expect([path, model, ...both]).toEqual([
        ...[path, model, `max-age=${seconds}`, `max-age=${seconds}`],
      ]);
      expect(isHit(hit)).toBe(true);
    }
    expect(provider.received).toBe(6);
  });

  test('and then written anew', async ({ httpd, provider }) => {
    enablePages(httpd, provider, 'MuseAiCacheTTL 1');
    httpd.site.write('page.ai', 'Write about the sea.');
    countPages(provider);
    await httpd.start();
    let kept = 0;
    const next = await waitUntil('a page to be kept, and then to expire', async () => {
      const result = await httpd.get('/page');
      expect(result.text).toBe(countedPage(provider.received));
      expect(result.headers['cache-control']).toBe('max-age=1');
      if (isHit(result)) kept = provider.received;
      return kept > 0 && provider.received > kept ? result : undefined;
    });
    expect(next.headers['cache-status']).toBe('muse; fwd=stale; stored');
  });

  test.for([
    ['MuseAiCacheEnable Off', ''],
    ['MuseAiCacheTTL 0', ''],
    ['MuseAiCacheTTL 300', '---\nttl: 0\n---\n'],
  ])('not at all with %s and front matter %j', async ([line = '', matter], { httpd, provider }) => {
    enablePages(httpd, provider, line);
    httpd.site.write('page.ai', `${matter}Write about the sea.`);
    countPages(provider);
    await httpd.start();
    for (const n of [1, 2, 3]) {
      const result = await httpd.get('/page');
      expect([result.status, result.text]).toEqual([200, countedPage(n)]);
      expect(result.headers['cache-control']).toBe('no-store');
      expect(result.headers['cache-status']).not.toContain('stored');
      expect(result.headers).not.toHaveProperty('etag');
    }
  });

  test('not if it is too large, but then served all the same', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.config.lines('MuseAiSharedMemory 1M');
    httpd.site.write('page.ai', 'Write about the sea.');
    // The store has 16 shards of 64 KB, and a page may take a quarter of one.
    const large = countedPage(1).replace('Page', 'x'.repeat(20_000));
    provider.script(scriptedModel, say([large]));
    await httpd.start();
    httpd.log.expect(205);
    for (const n of [1, 2]) {
      const result = await httpd.get('/page');
      expect([result.status, result.complete, result.text === large]).toEqual([200, true, true]);
      expect(provider.received).toBe(n);
    }
    await httpd.log.waitFor(/MuseAiSharedMemory/, { count: 2 });
  });
});

test('the cache outlives a graceful restart and the engine', async ({ httpd, provider }) => {
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  await httpd.get('/page');
  const before = await httpd.engine();
  await httpd.graceful();
  expect(isHit(await httpd.get('/page'))).toBe(true);
  httpd.log.expect(22);
  httpd.log.allow(20);
  const engine = await engineAfter(httpd, before);
  await engine.kill();
  expect(isHit(await httpd.get('/page'))).toBe(true);
  expect(provider.received).toBe(1);
  await httpd.log.waitFor(22);
});

/** The engine of a graceful restart, once it runs and the one from before has ended. */
async function engineAfter(httpd: Httpd, before: EngineProcess): Promise<EngineProcess> {
  const after = await httpd.engine(before);
  await before.gone();
  return after;
}

test('what is not enabled is not served from the cache either', async ({ httpd, provider }) => {
  useModel(httpd, provider);
  httpd.config.lines('MuseAiEnable On');
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  await httpd.get('/page');
  httpd.site.write('.htaccess', 'MuseAiEnable Off\n');
  expect((await httpd.get('/page')).status).toBe(404);
  expect((await httpd.get('/page.ai')).status).toBe(403);
});
