/** Tasks of the HOWTO, done with its own snippets. */
import { describe, expect } from 'vitest';
import { test } from '../harness/index.ts';
import { configure, previews, snippet, withPreviews } from './as-documented.ts';
import { Document, tableRows } from './document.ts';

describe('Set the cache', () => {
  const title = 'Set the cache';
  const table = tableRows(new Document('HOWTO.md').section(title).text);

  /** Whether a header is as a cell of the table says. */
  function asWritten(cell: string, value: string | undefined): boolean {
    if (cell === '–') return value === undefined;
    const example = /^`([^`]+)`/.exec(cell)?.[1];
    if (example === undefined) return value !== undefined;
    const pattern = example.replace(/[.;=-]/g, '\\$&').replace(/\d+/g, '\\d+');
    return new RegExp(`^${pattern}$`).test(value ?? '');
  }

  test('the headers are those of its table', async ({ httpd }) => {
    withPreviews(httpd, 'first');
    httpd.site.write('heron.ai', 'Write a page.\n');
    await httpd.start();
    const first = await httpd.get('/heron');
    const cached = await httpd.get('/heron');
    expect(cached.text).toBe(first.text);
    for (const [name = '', one = '', two = ''] of table) {
      const header = name.replaceAll('`', '').toLowerCase();
      expect([header, first.headers[header], asWritten(one, first.headers[header])]).toContain(
        true,
      );
      expect([header, cached.headers[header], asWritten(two, cached.headers[header])]).toContain(
        true,
      );
    }
    const again = { headers: { 'If-None-Match': cached.headers.etag ?? '' } };
    expect((await httpd.get('/heron', again)).status).toBe(304);
    const bypass = await httpd.get('/heron?cache-bypass=1');
    expect(bypass.headers['cache-status']).toMatch(/^muse; fwd=bypass/);
  });

  test('whoever may not skip the cache gets the page that is in it', async ({ httpd }) => {
    withPreviews(httpd, 'first');
    httpd.config.section('Directory', httpd.site.path('closed'), 'MuseAiCacheBypass Off');
    httpd.site.write('heron.ai', 'Write a page.\n');
    httpd.site.write('closed/heron.ai', 'Write another page.\n');
    await httpd.start();
    const status = async (path: string) => (await httpd.get(path)).headers['cache-status'];
    for (const path of ['/heron', '/closed/heron']) await status(path);
    expect(await status('/heron?cache-bypass=1')).toMatch(/^muse; fwd=bypass/);
    expect(await status('/closed/heron?cache-bypass=1')).toMatch(/^muse; hit/);
  });

  test('HEAD has no page written', async ({ httpd, provider }) => {
    const models = { models: [{ name: 'first', endpoint: provider.url }] };
    httpd.config.muse({ models, lines: ['MuseAiEnable On'] });
    httpd.site.write('heron.ai', 'Write a page.\n');
    await httpd.start();
    const { status, headers } = await httpd.get('/heron', { method: 'HEAD' });
    expect([status, headers['cache-control']]).toEqual([200, 'max-age=300']);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['cache-status']).toBeUndefined();
    expect(provider.requests).toEqual([]);
  });

  test('times to live are those of the folders', async ({ httpd }) => {
    httpd.config.muse({ models: previews('first') });
    configure(httpd, snippet(title, 'apache'));
    for (const name of ['page.ai', 'news/page.ai', 'dice/page.ai']) {
      httpd.site.write(name, `Write ${name}.\n`);
    }
    httpd.site.write('own.ai', '---\nttl: 7\n---\nWrite.\n');
    await httpd.start();
    const control = async (path: string) => (await httpd.get(path)).headers['cache-control'];
    expect(await control('/page')).toBe('max-age=3600');
    expect(await control('/news/page')).toBe('max-age=60');
    expect(await control('/dice/page')).toBe('no-store');
    expect(await control('/own')).toBe('max-age=7');
  });

  test('mod_cache keeps a page from its second visitor on, for browsers of all kinds', async ({
    httpd,
  }) => {
    httpd.config.muse({ models: previews('first') });
    configure(httpd, snippet(title, 'apache', 1));
    httpd.site.write('heron.ai', 'Write a page.\n');
    await httpd.start();
    const seen: (string | undefined)[] = [];
    for (const accept of ['text/html', '*/*', 'text/html,image/png;q=0.8']) {
      seen.push((await httpd.get('/heron', { headers: { Accept: accept } })).headers['x-cache']);
    }
    const events = await httpd.get('/heron', { headers: { Accept: 'text/event-stream' } });
    expect(events.headers['content-type']).toBe('text/event-stream');
    // A stream that happens to be there whole at its first reading is kept at once.
    expect(seen.map((value) => value?.split(' ')[0]).join(' ')).toMatch(/^MISS (?:MISS|HIT) HIT$/);
    httpd.log.allow('AH02346');
  });
});

describe('Limit a client', () => {
  const title = 'Limit a client';

  test('one over its limit is told when to come back; others and the free are not limited', async ({
    httpd,
  }) => {
    withPreviews(httpd, 'first');
    configure(httpd, snippet(title, 'apache'));
    httpd.site.write('page.ai', 'Write a page.\n');
    await httpd.start();
    const ask = async (localAddress: string, times: number) => {
      const answers = [];
      for (let i = 0; i < times; i++) answers.push(await httpd.get('/page', { localAddress }));
      return answers;
    };
    const limited = (await ask('127.0.0.2', 60)).filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(0);
    expect(limited[0]?.headers).toMatchObject({
      'retry-after': expect.stringMatching(/^\d+$/),
      ratelimit: expect.stringContaining('r=0'),
      'ratelimit-policy': expect.stringContaining('q=60;w=60'),
    });
    expect((await ask('127.0.0.3', 20)).map(({ status }) => status)).not.toContain(429);
    expect((await ask('127.0.0.1', 60)).map(({ status }) => status)).not.toContain(429);
    expect(httpd.log.matching(32)).not.toEqual([]);
  });

  test('behind a trusted proxy each visitor counts for himself', async ({ httpd }) => {
    withPreviews(httpd, 'first');
    configure(httpd, snippet(title, 'apache', 1).replace('10.0.0.0/8', '127.0.0.1'));
    // So few that none comes back while the test runs, however slowly.
    httpd.config.lines('MuseAiRateLimitRPM 1', 'MuseAiRateLimitBurstSize 1');
    httpd.site.write('page.ai', 'Write a page.\n');
    await httpd.start();
    const statuses: number[] = [];
    for (const visitor of ['192.0.2.1', '192.0.2.2', '192.0.2.1']) {
      const { status } = await httpd.get('/page', { headers: { 'X-Forwarded-For': visitor } });
      statuses.push(status);
    }
    expect(statuses).toEqual([200, 200, 429]);
  });
});
