import { openSync, readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { Region } from '../../src/region.ts';
import { enablePages, type Httpd, test, waitUntil } from '../harness/index.ts';
import { countedPage, countPages } from './counted-pages.ts';
import { expire, isStale, prepare, settle, waitForText } from './stale-pages.ts';

describe('a stale page', () => {
  test('is served at once, and written anew meanwhile', async ({ httpd, provider }) => {
    const gate = prepare(httpd, provider);
    await httpd.start();
    await httpd.get('/page');
    const head = await expire(httpd, '/page');
    expect(isStale(head), 'HEAD is served too').toBe(true);
    const stale = await httpd.get('/page');
    expect([stale.status, stale.text]).toEqual([200, countedPage(1)]);
    expect(stale.headers).toMatchObject({
      'cache-control': 'max-age=0',
      'cache-status': expect.stringMatching(/^muse; hit; ttl=-\d+$/),
      'content-length': String(countedPage(1).length),
      etag: expect.any(String),
      vary: 'Accept,X-Muse-Model',
    });
    const ttl = Number(/ttl=(-\d+)/.exec(stale.headers['cache-status'] ?? '')?.[1]);
    expect(Number(stale.headers.age)).toBeGreaterThanOrEqual(1);
    expect([0, 1]).toContain(1 - ttl - Number(stale.headers.age));
    await gate.arrived();
    expect(isStale(await httpd.get('/page')), 'while it is written').toBe(true);
    gate.release();
    await waitForText(httpd, '/page', countedPage(2));
    await settle(httpd, '/page', gate);
  });

  test('is not written anew for HEAD', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    await httpd.get('/page');
    await expire(httpd, '/page');
    for (let i = 0; i < 20; i++) await httpd.get('/page', { method: 'HEAD' });
    // What is asked for after them is answered after them.
    await httpd.get('/page?n=2', { method: 'HEAD' });
    expect(provider.received).toBe(1);
  });

  test('is not modified for whoever has it', async ({ httpd, provider }) => {
    const gate = prepare(httpd, provider);
    await httpd.start();
    await httpd.get('/page');
    const { etag = '' } = (await expire(httpd, '/page')).headers;
    const same = await httpd.get('/page', { headers: { 'If-None-Match': etag } });
    expect([same.status, same.text, isStale(same)]).toEqual([304, '', true]);
    expect(same.headers['cache-control']).toBe('max-age=0');
    await settle(httpd, '/page', gate);
  });

  test('is written once for 200 visitors of all children, and all have it then', async ({
    httpd,
    provider,
  }) => {
    httpd.config.processes('StartServers 3', 'ServerLimit 3', 'ThreadsPerChild 16');
    httpd.config.lines('MinSpareThreads 48', 'MaxSpareThreads 48', 'MaxRequestWorkers 48');
    httpd.config.lines('LogFormat "%P %{Cache-Status}o" pids', 'CustomLog logs/pids.log pids');
    const gate = prepare(httpd, provider);
    await httpd.start();
    await waitUntil('three children', () => httpd.children().length === 3);
    await httpd.get('/page');
    await expire(httpd, '/page');
    const visitors = Array.from({ length: 200 }, () => httpd.get('/page'));
    for (const result of await Promise.all(visitors)) {
      expect([result.text, isStale(result)]).toEqual([countedPage(1), true]);
    }
    await gate.arrived();
    expect(provider.received).toBe(2);
    expect(servedBy(httpd, 'hit; ttl=-').length).toBeGreaterThan(1);
    gate.release();
    await waitForText(httpd, '/page', countedPage(2));
    const later = await Promise.all(Array.from({ length: 60 }, () => httpd.get('/page')));
    // It may be stale again by now, and the gate holds the third.
    for (const result of later) expect(result.text).toBe(countedPage(2));
    await settle(httpd, '/page', gate);
  });

  test('is counted as such', async ({ httpd, provider }) => {
    const gate = prepare(httpd, provider);
    await httpd.start();
    await httpd.get('/page');
    const { pid } = await httpd.engine();
    const region = Region.attach(openSync(`/proc/${pid}/fd/4`, 'r+'));
    await expire(httpd, '/page');
    const before = region.counters();
    for (let i = 0; i < 5; i++) await httpd.get('/page');
    const after = region.counters();
    expect(after.stale - before.stale).toBe(5);
    expect([after.hits, after.misses]).toEqual([before.hits, before.misses]);
    await gate.arrived();
    expect(region.counters().completions).toBe(2);
    region.detach();
    await settle(httpd, '/page', gate);
  });

  test('counts against the limit of the visitor, its writing against none', async ({
    httpd,
    provider,
  }) => {
    httpd.config.modules('remoteip').lines('RemoteIPHeader X-Client');
    httpd.config.lines('RemoteIPInternalProxy 127.0.0.1', ...limit);
    const gate = prepare(httpd, provider);
    await httpd.start();
    await httpd.get('/page');
    await expire(httpd, '/page');
    const headers = { 'X-Client': '192.0.2.1' };
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await httpd.get('/page', { headers })).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    await gate.arrived();
    await settle(httpd, '/page', gate);
  });

  test.for([
    ['?cache-bypass=1', '/page?cache-bypass=1'],
    ['a changed file', '/page'],
  ])('is not served for %s', async ([what, path = ''], { httpd, provider }) => {
    const gate = prepare(httpd, provider);
    await httpd.start();
    await httpd.get('/page');
    await expire(httpd, '/page');
    if (what === 'a changed file') httpd.site.write('page.ai', 'Write about something else.');
    gate.open();
    const result = await httpd.get(path);
    expect([result.text, isStale(result)]).toEqual([countedPage(2), false]);
  });
});

test('after MuseAiCacheStale a page is waited for', async ({ httpd, provider }) => {
  enablePages(httpd, provider, 'MuseAiCacheTTL 1', 'MuseAiCacheStaleOnError 600');
  httpd.site.write('page.ai', 'Write.');
  countPages(provider);
  await httpd.start();
  await httpd.get('/page');
  await expire(httpd, '/page');
  const result = await httpd.get('/page');
  expect([result.text, isStale(result)]).toEqual([countedPage(2), false]);
  expect(result.headers['cache-status']).toBe('muse; fwd=stale; stored');
});

const limit = [
  'MuseAiRateLimitRPM 1',
  'MuseAiRateLimitBurstSize 3',
  'MuseAiRateLimitWhitelistIPs 127.0.0.1',
];

/** The children that gave answers with such a Cache-Status. */
function servedBy(httpd: Httpd, status: string): string[] {
  const log = httpd.environment.path('logs', 'pids.log');
  const pids = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes(status))
    .map((line) => line.split(' ')[0] ?? '');
  return [...new Set(pids)];
}
