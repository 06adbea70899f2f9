import { describe, expect } from 'vitest';
import { enablePages, type Httpd, scriptedModel, test } from '../harness/index.ts';
import { finish, Gate, hold, type ScriptedProvider, say, stream, text } from '../provider/index.ts';
import { countedPage, countPages, isHit } from './counted-pages.ts';

/** A site whose pages are numbered in the order in which they are written, and a place to purge. */
function prepare(httpd: Httpd, provider: ScriptedProvider, ...lines: readonly string[]): void {
  enablePages(httpd, provider, ...lines);
  countPages(provider);
  httpd.config.section('Location', '/muse-purge', 'SetHandler muse-ai-purge', 'Require local');
  httpd.site.write('page.ai', 'Write about {{ query.n }}.');
  httpd.site.write('other.ai', 'Write about herons.');
}

const purge = (httpd: Httpd, query: string, headers = {}) =>
  httpd.get(`/muse-purge${query}`, { method: 'POST', headers });

async function expectPurged(httpd: Httpd, query: string, count: number): Promise<void> {
  const result = await purge(httpd, query);
  expect([result.status, JSON.parse(result.text)]).toEqual([200, { purged: count }]);
  expect(result.headers).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'no-store',
  });
}

/** Has the pages cached, and says how often the provider was asked. */
async function visit(httpd: Httpd, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) expect((await httpd.get(path)).status, path).toBe(200);
}

test('a purged page is written anew in all its variants, and the others stay', async ({
  httpd,
  provider,
}) => {
  prepare(httpd, provider);
  await httpd.start();
  await visit(httpd, '/page?n=1', '/page?n=2', '/page.ai?n=1', '/other');
  expect(provider.received).toBe(3);
  await expectPurged(httpd, '?path=/page', 3);
  // Every child has the same memory: ask often enough to meet several.
  const again = await Promise.all(Array.from({ length: 8 }, () => httpd.get('/page?n=1')));
  expect(new Set(again.map(({ text: body }) => body))).toEqual(new Set([countedPage(4)]));
  expect(isHit(await httpd.get('/other'))).toBe(true);
  expect((await httpd.get('/page?n=2')).text).toBe(countedPage(5));
  expect(isHit(await httpd.get('/page?n=1'))).toBe(true);
  expect(provider.received).toBe(5);
});

test('a page can be purged by its file, and a folder’s index by the folder', async ({
  httpd,
  provider,
}) => {
  prepare(httpd, provider, 'DirectoryIndex index.ai');
  httpd.config.modules('dir');
  httpd.site.write('garden/index.ai', 'Write about gardens.');
  await httpd.start();
  await visit(httpd, '/page?n=1', '/garden/');
  await expectPurged(httpd, `?file=${encodeURIComponent(httpd.site.path('page.ai'))}`, 1);
  await expectPurged(httpd, '?path=/garden/', 1);
  await expectPurged(httpd, '?path=/garden/', 0);
  expect((await httpd.get('/page?n=1')).text).toBe(countedPage(3));
  expect((await httpd.get('/garden/')).text).toBe(countedPage(4));
});

test('a path with a language before it purges the page in all its languages', async ({
  httpd,
  provider,
}) => {
  prepare(httpd, provider, 'MuseAiLanguages en es', 'DirectoryIndex index.ai');
  httpd.config.modules('dir');
  httpd.site.write('garden/index.ai', 'Write about gardens.');
  httpd.site.write('garden/two words.ai', 'Write about two words.');
  httpd.site.write('plain.html', 'No page.');
  httpd.site.write('off/page.ai', 'Write about herons.');
  httpd.site.write('off/.htaccess', 'MuseAiLanguages Off');
  await httpd.start();
  await visit(httpd, '/es/page', '/page', '/other', '/es/garden/', '/es/garden/two%20words');
  await expectPurged(httpd, '?path=/es/page', 2);
  await expectPurged(httpd, '?path=/es/garden/', 1);
  await expectPurged(httpd, `?path=${encodeURIComponent('/es/garden/two%20words')}`, 1);
  expect(isHit(await httpd.get('/page'))).toBe(false);
  expect(isHit(await httpd.get('/es/page'))).toBe(false);
  expect(isHit(await httpd.get('/other'))).toBe(true);
  for (const path of [
    '/fr/page',
    '/es/nothing',
    '/es/plain.html',
    '/es/off/page',
    '/es',
    '//es/',
  ]) {
    expect([path, (await purge(httpd, `?path=${path}`)).status]).toEqual([path, 404]);
  }
});

test('all pages can be purged at once', async ({ httpd, provider }) => {
  prepare(httpd, provider);
  await httpd.start();
  await visit(httpd, '/page?n=1', '/other');
  const { status, text: body } = await purge(httpd, '?all');
  expect(status).toBe(200);
  expect(JSON.parse(body).purged).toBeGreaterThanOrEqual(4);
  await visit(httpd, '/page?n=1', '/other');
  expect(provider.received).toBe(4);
  expect(isHit(await httpd.get('/other'))).toBe(true);
});

test('a purged page does not stand in for a failure', async ({ httpd, provider }) => {
  prepare(httpd, provider, 'MuseAiCacheTTL 1', 'MuseAiCacheStale 600');
  await httpd.start();
  await visit(httpd, '/other');
  await expectPurged(httpd, '?path=/other', 1);
  await provider.close();
  expect((await httpd.get('/other')).status).toBe(502);
  httpd.log.expect(244);
});

test.for(['?path=/page', '?all'])(
  'what is being written meanwhile is not kept (%s)',
  async (query, { httpd, provider }) => {
    prepare(httpd, provider);
    const gate = new Gate();
    const steps = [text('<!doctype html><p>Once'), hold(gate), text(' upon a time.'), finish()];
    provider.script(scriptedModel, stream(steps), say('<!doctype html><p>Anew.'));
    await httpd.start();
    const before = httpd.open('/page?n=1');
    await before.waitFor('Once');
    expect((await purge(httpd, query)).status).toBe(200);
    expect((await httpd.get('/page?n=1')).text).toContain('Anew.');
    gate.open();
    expect((await before.done).text).toContain('Once upon a time.');
    const after = await httpd.get('/page?n=1');
    expect(after.text).toContain('Anew.');
    expect(isHit(after)).toBe(true);
    expect(provider.received).toBe(2);
  },
);

describe('what is no purge is refused and purges nothing', () => {
  test('for its method, its query, its path or its sender', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    await visit(httpd, '/other');
    const statuses = async (...queries: readonly string[]) =>
      Promise.all(queries.map(async (query) => (await purge(httpd, query)).status));
    expect(await statuses('', '?', '?path', '?path=', '?file=', '?everything')).toEqual(
      Array(6).fill(400),
    );
    expect(await statuses('?path=/nothing', '?path=other', '?path=/muse-purge')).toEqual([
      404, 404, 404,
    ]);
    const get = await httpd.get('/muse-purge?all');
    // httpd adds TRACE by itself.
    expect([get.status, get.headers.allow]).toEqual([
      405,
      expect.stringMatching(/^POST(?:,TRACE)?$/),
    ]);
    const browser = await purge(httpd, '?all', { Origin: 'http://localhost' });
    expect([browser.status, browser.text]).toEqual([403, expect.stringContaining('Browsers')]);
    expect(isHit(await httpd.get('/other'))).toBe(true);
  });

  test('where the location is closed', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.config.section(
      'Location',
      '/muse-purge',
      'SetHandler muse-ai-purge',
      'Require all denied',
    );
    httpd.site.write('other.ai', 'Write about herons.');
    await httpd.start();
    await visit(httpd, '/other');
    expect((await purge(httpd, '?all')).status).toBe(403);
    expect(isHit(await httpd.get('/other'))).toBe(true);
    httpd.log.expect(/AH01630/);
  });
});
