import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { type Httpd, test, waitUntil } from '../harness/index.ts';
import { fail } from '../provider/index.ts';
import { addLimitedPage, administer, priced } from './administration.ts';
import { gated } from './gated-page.ts';
import { speak } from './language-pages.ts';
import { expire } from './stale-pages.ts';

const names = ['cache', 'model', 'tokens', 'cost', 'ttfb', 'key'] as const;
type Notes = Readonly<Record<(typeof names)[number] | 'line', string>>;

function logNotes(httpd: Httpd): void {
  const fields = names.map((name) => `%{muse-${name}}n`).join(' ');
  httpd.config.lines(`LogFormat "%m%U ${fields}" notes`, 'CustomLog logs/notes.log notes');
}

function notesIn(httpd: Httpd): Notes[] {
  const text = readFileSync(httpd.environment.path('logs', 'notes.log'), 'utf8');
  return text.split('\n').flatMap((each) => {
    const [line = '', ...values] = each.split(' ');
    const pairs = names.map((name, i) => [name, values[i] ?? '']);
    return line === '' ? [] : [{ line, ...Object.fromEntries(pairs) } as Notes];
  });
}

/** The notes of all requests, when there are so many. */
function awaitNotes(httpd: Httpd, count: number): Promise<Notes[]> {
  return waitUntil(`${count} lines of the access log`, () => {
    const all = notesIn(httpd);
    return all.length >= count && all;
  });
}

test('tell the language of a page, where there are several', async ({ httpd, provider }) => {
  speak(httpd, provider, 'MuseAiLanguages en es');
  httpd.site.write('own.ai', '---\nlang: de\n---\nIts own.');
  httpd.config.lines('LogFormat "%U %{muse-lang}n" lang', 'CustomLog logs/lang.log lang');
  await httpd.start();
  for (const path of ['/page', '/es/page', '/es/page', '/own']) await httpd.get(path);
  const log = httpd.environment.path('logs', 'lang.log');
  const lines = await waitUntil('four lines of the access log', () => {
    const all = readFileSync(log, 'utf8').trim().split('\n');
    return all.length === 4 && all;
  });
  // httpd writes a line after the answer, and so not always in the order of the requests.
  expect(lines.sort()).toEqual(['/es/page es', '/es/page es', '/own de', '/page en']);
});

describe('the notes for the access log', () => {
  test('tell of a page that is written, and the same of it from the cache', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    logNotes(httpd);
    await httpd.start();
    await httpd.get('/page');
    await awaitNotes(httpd, 1);
    await httpd.get('/page');
    const [miss, hit] = await awaitNotes(httpd, 2);
    expect(miss).toMatchObject({
      cache: 'miss',
      model: priced.name,
      tokens: expect.stringMatching(/^[1-9]\d*$/),
      cost: expect.stringMatching(/^0\.\d{9}$/),
      ttfb: expect.stringMatching(/^\d+$/),
      key: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
    expect(Number(miss?.cost)).toBeGreaterThan(0);
    expect(hit).toMatchObject({ ...miss, cache: 'hit', ttfb: expect.stringMatching(/^\d+$/) });
  });

  test.for(['event', 'prefork'] as const)(
    'tell of shared, failed, limited and stale answers, with the MPM %s',
    async (mpm, { httpd, provider }) => {
      httpd.config.mpm = mpm;
      administer(httpd, provider, 'MuseAiCacheTTL 1', 'MuseAiCacheStale 600');
      logNotes(httpd);
      addLimitedPage(httpd);
      httpd.site.write('failing.ai', '---\nmodel: failing\n---\nWrite.');
      const gate = gated(provider, priced.name);
      await httpd.start();
      const visitors = [httpd.open('/page')];
      await gate.arrived(1);
      visitors.push(httpd.open('/page'));
      gate.release(2);
      await Promise.all(visitors.map((visitor) => visitor.waitFor('The first piece.')));
      gate.open();
      await Promise.all(visitors.map((visitor) => visitor.done));
      await expire(httpd, '/page');
      await httpd.get('/page');
      // It is written anew, which is to be over before its provider fails, and then is gone.
      await (await provider.request(1)).settled;
      await httpd.get('/limited');
      await httpd.get('/limited');
      provider.script(priced.name, fail(400));
      await httpd.get('/failing?cache-bypass=1');
      httpd.log.expect(249);
      httpd.log.allow(215);
      // httpd writes a line after the answer, and so not always in the order of the requests.
      const all = await waitUntil('six lines of the access log', () => {
        const gets = notesIn(httpd).filter(({ line }) => line.startsWith('GET'));
        return gets.length === 6 && gets;
      });
      const failed = all.find(({ line }) => line === 'GET/failing');
      expect(failed).toMatchObject({ cache: 'error', tokens: '-' });
      const pages = all.filter(({ line }) => line === 'GET/page');
      expect(pages.map(({ cache }) => cache).sort()).toEqual(['joined', 'miss', 'stale']);
      expect(new Set(pages.map(({ cost }) => cost)).size).toBe(1);
      expect(new Set(pages.map(({ key }) => key)).size).toBe(1);
      const limited = all.filter(({ line }) => line === 'GET/limited');
      expect(limited.map(({ cache }) => cache).sort()).toEqual(['limited', 'miss']);
      expect(limited.find(({ cache }) => cache === 'limited')).toMatchObject({
        model: '-',
        key: '-',
      });
    },
  );

  test('name the model that wrote in place of another, and reach no visitor', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    const models = [
      { name: 'failing', endpoint: provider.url, retries: 0, fallback: [priced.name] },
      { ...priced, endpoint: provider.url },
    ];
    httpd.conf.writeJson('models.json', { models });
    provider.script('failing', fail(500));
    logNotes(httpd);
    await httpd.start();
    const { headers } = await httpd.get('/page');
    expect(Object.keys(headers).filter((name) => name.startsWith('muse'))).toEqual([]);
    const cached = await httpd.get('/page');
    expect(Object.keys(cached.headers).filter((name) => /muse|=/.test(name))).toEqual([]);
    const notes = await awaitNotes(httpd, 2);
    expect(notes.map(({ model }) => model)).toEqual([priced.name, priced.name]);
    httpd.log.expect(233);
  });

  test('tell what is known of an answer whose visitor left', async ({ httpd, provider }) => {
    administer(httpd, provider);
    logNotes(httpd);
    const gate = gated(provider, priced.name);
    await httpd.start();
    const visitor = httpd.open('/page');
    await gate.arrived(1);
    gate.release(2);
    await visitor.waitFor('The first piece.');
    visitor.leave();
    const [left] = await awaitNotes(httpd, 1);
    expect(left).toMatchObject({ cache: 'miss', model: priced.name, tokens: '-', cost: '-' });
  });
});
