import { chmodSync, mkdirSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { quote } from '../../scripts/httpd/base-config.ts';
import {
  enablePages,
  type Httpd,
  type Result,
  scriptedModel,
  test,
  textOf,
  waitUntil,
} from '../harness/index.ts';
import { cut, Gate, hold, say, stream, text } from '../provider/index.ts';
import { countedPage, countPages } from './counted-pages.ts';
import { accept, speak, spoken } from './language-pages.ts';

/** httpd's own caches, each with the lines that put it in front of `/front`. */
const caches = {
  disk: (httpd: Httpd) => {
    const root = httpd.environment.path('cache');
    mkdirSync(root);
    chmodSync(root, 0o777);
    httpd.config.modules('cache', 'cache_disk').lines(`CacheRoot ${quote(root)}`);
  },
  socache: (httpd: Httpd) => {
    httpd.config.modules('cache', 'cache_socache', 'socache_shmcb').lines('CacheSocache shmcb');
  },
};

type CacheName = keyof typeof caches;

/** The same documents at /, and at /front through one of httpd's caches. */
function putInFront(httpd: Httpd, name: CacheName, ...lines: readonly string[]): void {
  caches[name](httpd);
  httpd.config.lines(
    `Alias /front ${quote(httpd.site.root)}`,
    ...[`CacheEnable ${name} /front`, 'CacheHeader On'],
    ...lines,
  );
}

const isFrontHit = (result: Result) => result.headers['x-cache']?.startsWith('HIT') === true;

/** Asks until httpd's cache answers: it may still be storing when the visitor has it all. */
function frontHit(httpd: Httpd, options = {}): Promise<Result> {
  return waitUntil("an answer from httpd's cache", async () => {
    const result = await httpd.get('/front/page', options);
    return isFrontHit(result) ? result : undefined;
  });
}

describe.each(['disk', 'socache'] as const)('mod_cache_%s', (name) => {
  describe.each(['On', 'Off'])('with CacheQuickHandler %s', (quick) => {
    test('keeps our pages, and lets them expire when we say', async ({ httpd, provider }) => {
      putInFront(httpd, name, `CacheQuickHandler ${quick}`);
      enablePages(httpd, provider, 'MuseAiCacheTTL 2');
      httpd.site.write('page.ai', 'Write about the sea.');
      countPages(provider);
      await httpd.start();
      let kept = 0;
      await waitUntil('a page to be kept, and then to expire', async () => {
        const result = await httpd.get('/front/page');
        expect([result.status, result.text]).toEqual([200, countedPage(provider.received)]);
        expect(Number(result.headers.age ?? 0)).toBeLessThanOrEqual(2);
        if (isFrontHit(result)) kept = provider.received;
        return kept > 0 && provider.received > kept;
      });
      // The next one takes its place.
      expect((await frontHit(httpd)).text).toBe(countedPage(provider.received));
    });
  });

  test('counts the time that a page spent in our cache', async ({ httpd, provider }) => {
    putInFront(httpd, name);
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    countPages(provider);
    await httpd.start();
    await waitUntil('a page with an age', async () => {
      const { headers } = await httpd.get('/page');
      return Number(headers.age) >= 1;
    });
    const first = await httpd.get('/front/page');
    expect([isFrontHit(first), Number(first.headers.age) >= 1]).toEqual([false, true]);
    const hit = await frontHit(httpd);
    expect(Number(hit.headers.age)).toBeGreaterThanOrEqual(1);
    expect(hit.headers).toMatchObject({
      etag: first.headers.etag,
      'cache-control': 'max-age=300',
      'content-length': first.headers['content-length'],
    });
    const { etag = '' } = hit.headers;
    const known = await httpd.get('/front/page', { headers: { 'If-None-Match': etag } });
    expect([known.status, known.text]).toEqual([304, '']);
    expect(provider.received).toBe(1);
  });

  test('keeps the pages of different models apart', async ({ httpd, provider }) => {
    putInFront(httpd, name);
    const models = ['one', 'two'].map((model) => ({ name: model, endpoint: provider.url }));
    httpd.config.muse({ models: { models } }).lines('MuseAiEnable On');
    for (const model of ['one', 'two']) {
      provider.script(model, say(`<!doctype html><html lang="en"><p>By ${model}.</p></html>`));
    }
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    for (const model of ['one', 'two', 'one']) {
      const hit = await frontHit(httpd, { headers: { 'X-Muse-Model': model } });
      expect(hit.text).toContain(`By ${model}.`);
    }
    expect(provider.received).toBe(2);
  });

  test.for(['On', 'Off'])(
    'keeps languages apart, with CacheQuickHandler %s',
    async (quick, { httpd, provider }) => {
      putInFront(httpd, name, `CacheQuickHandler ${quick}`, `CacheEnable ${name} /es/front`);
      speak(httpd, provider, 'MuseAiLanguages en es');
      httpd.site.write('page.es.ai', 'La página.');
      httpd.site.write('style.css', 'p {}');
      await httpd.start();
      const asked: [string, string, string][] = [
        ['/front/page', 'en', 'en'],
        ['/es/front/page', 'en', 'es'],
        ['/front/page', 'es', 'es'],
        ['/en/front/page', 'es', 'en'],
        ['/front/page?lang=es', 'en', 'es'],
      ];
      for (let round = 0; round < 4; round += 1) {
        for (const [path, header, tag] of asked) {
          const result = await httpd.get(path, accept(header));
          expect([round, path, header, spoken(result)]).toEqual([round, path, header, tag]);
        }
      }
      await frontHit(httpd, accept('es'));
    },
  );

  test('does not hold back what is streamed through it', async ({ httpd, provider }) => {
    putInFront(httpd, name);
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = new Gate();
    const opening = '<!doctype html><html lang="en"><head><title>T</title></head><body>';
    const tokens = [opening, '<p>First.</p>', '<p>Second.</p>', '</body></html>'];
    provider.script(scriptedModel, say(tokens, { gate }));
    await httpd.start();
    const exchange = httpd.open('/front/page');
    gate.release(2);
    await exchange.waitFor('First.');
    expect(exchange.text).not.toContain('Second.');
    gate.open();
    expect((await exchange.done).text).toBe(tokens.join(''));
    expect((await frontHit(httpd)).text).toBe(tokens.join(''));
  });

  test('does not keep a page that broke off', async ({ httpd, provider }) => {
    putInFront(httpd, name);
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = new Gate();
    const broken = stream([text('<!doctype html><html><body><p>One.</p>'), hold(gate), cut()]);
    provider.script(scriptedModel, broken, say(countedPage(2)));
    await httpd.start();
    httpd.log.expect(/MUSE\d+: .*(broke off|cut off)/);
    httpd.log.allow(/AH0073[0-9]|AH0237[0-9]/);
    const exchange = httpd.open('/front/page');
    await exchange.waitFor('One.');
    gate.open();
    expect((await exchange.done).complete).toBe(false);
    const next = await httpd.get('/front/page');
    expect([next.status, next.text, isFrontHit(next)]).toEqual([200, countedPage(2), false]);
    expect((await frontHit(httpd)).text).toBe(countedPage(2));
  });

  test('keeps pages and their events apart, and is not asked to keep events', async ({
    httpd,
    provider,
  }) => {
    putInFront(httpd, name);
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    countPages(provider);
    await httpd.start();
    const events = { headers: { Accept: 'text/event-stream' } };
    const hit = await frontHit(httpd);
    for (let i = 0; i < 3; i += 1) {
      const result = await httpd.get('/front/page', events);
      expect([isFrontHit(result), textOf(result.text)]).toEqual([false, countedPage(1)]);
      expect((await frontHit(httpd)).text).toBe(hit.text);
    }
    expect(provider.received).toBe(1);
  });
});
