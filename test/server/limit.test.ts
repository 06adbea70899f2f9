import { networkInterfaces } from 'node:os';
import { describe, expect } from 'vitest';
import {
  enablePages,
  findFreePort,
  type Httpd,
  type RequestOptions,
  type Result,
  scriptedPage,
  test,
  waitUntil,
} from '../harness/index.ts';

const refusal = 32;
const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
const limits = ['MuseAiRateLimitRPM 60', 'MuseAiRateLimitBurstSize 20'];

/** Sends requests by parallel clients, each one after the other, and counts what came back. */
async function hammer(
  httpd: Httpd,
  path: string,
  clients: number,
  each: number,
  options: RequestOptions = {},
) {
  const startedAt = performance.now();
  const client = async () => {
    const results: Result[] = [];
    for (let n = 0; n < each; n += 1) results.push(await httpd.get(path, options));
    return results;
  };
  const results = (await Promise.all(Array.from({ length: clients }, client))).flat();
  const seconds = (performance.now() - startedAt) / 1000;
  const passed = results.filter(({ status }) => status === 200);
  return { passed, refused: results.filter(({ status }) => status !== 200), seconds };
}

describe.each(['event', 'worker', 'prefork'] as const)('on the %s MPM', (mpm) => {
  test('eight clients of one address get exactly the limit, over all children', async ({
    httpd,
    provider,
  }) => {
    httpd.config.mpm = mpm;
    httpd.config.lines('KeepAlive Off').processes(...fourChildren(mpm));
    enablePages(httpd, provider, ...limits);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    await waitUntil('four children', () => httpd.children().length >= 4);

    const [one, other] = await Promise.all([
      hammer(httpd, '/page', 8, 12),
      hammer(httpd, '/page', 1, 15, { localAddress: '127.0.0.2' }),
    ]);
    // A token comes back every second, so what was allowed is known to within the time it took.
    expect(one.passed.length).toBeGreaterThanOrEqual(20);
    expect(one.passed.length).toBeLessThanOrEqual(20 + Math.floor(one.seconds));
    expect(one.passed.length + one.refused.length).toBe(96);
    expect(one.refused.every(({ status }) => status === 429)).toBe(true);
    expect(other.refused).toEqual([]);
    expect([...one.passed, ...other.passed].every(({ text }) => text === scriptedPage)).toBe(true);

    const lines = httpd.log.matching(refusal);
    expect(lines).toHaveLength(one.refused.length);
    expect(new Set(lines.map(({ pid }) => pid)).size).toBeGreaterThan(1);
    expect(lines.every(({ client }) => client?.startsWith('127.0.0.1'))).toBe(true);
  });
});

function fourChildren(mpm: 'event' | 'worker' | 'prefork'): string[] {
  if (mpm === 'prefork') return ['StartServers 4', 'MaxRequestWorkers 16'];
  const threads = ['MinSpareThreads 16', 'MaxSpareThreads 64', 'MaxRequestWorkers 64'];
  return ['StartServers 4', 'ServerLimit 4', 'ThreadsPerChild 16', ...threads];
}

test('a refusal says when to come again, and that is true', async ({ httpd, provider }) => {
  enablePages(httpd, provider, 'MuseAiRateLimitRPM 30', 'MuseAiRateLimitBurstSize 1');
  httpd.config.lines('ErrorDocument 429 /slowly.html');
  httpd.site.write('page.ai', 'Write about the sea.');
  httpd.site.write('slowly.html', 'Slowly, please.');
  await httpd.start();
  const passed = await httpd.get('/page');
  expect(passed.status).toBe(200);
  for (const name of ['retry-after', 'ratelimit', 'ratelimit-policy']) {
    expect(passed.headers).not.toHaveProperty(name);
  }
  const refused = await waitUntil('a refusal', async () => {
    const result = await httpd.get('/page');
    return result.status === 200 ? undefined : result;
  });
  const refusedAt = performance.now();
  expect([refused.status, refused.statusText]).toEqual([429, 'Too Many Requests']);
  expect(refused.text).toBe('Slowly, please.');
  const seconds = refused.headers['retry-after'] ?? '';
  expect(seconds).toMatch(/^[12]$/);
  expect(refused.headers).toMatchObject({
    ratelimit: `"client";r=0;t=${seconds}`,
    'ratelimit-policy': '"client";q=30;w=60',
  });
  // Whoever asks after that time passes, and loses nothing by having asked before.
  await waitUntil('the time to be over', async () => {
    const over = performance.now() - refusedAt >= Number(seconds) * 1000;
    const { status } = await httpd.get('/page');
    if (over) expect(status).toBe(200);
    return status === 200;
  });
  expect(provider.received).toBe(1);
});

test('cached pages, cold ones and HEAD count alike; what is no page does not', async ({
  httpd,
  provider,
}) => {
  enablePages(httpd, provider, 'MuseAiRateLimitRPM 1', 'MuseAiRateLimitBurstSize 4');
  httpd.site.write('page.ai', 'Write about {{ query.n }}.');
  httpd.site.write('static.txt', 'static');
  httpd.site.write('drawing.ai', '%PDF-1.5 a drawing');
  await httpd.start();
  for (const path of ['/static.txt', '/drawing.ai', '/missing']) await hammer(httpd, path, 1, 6);
  await httpd.get('/page', { method: 'OPTIONS' });
  expect((await httpd.get('/page?n=1')).status).toBe(200);
  expect((await httpd.get('/page?n=1')).headers['cache-status']).toContain('muse; hit');
  expect((await httpd.get('/page?n=2')).status).toBe(200);
  expect((await httpd.get('/page?n=1', { method: 'HEAD' })).status).toBe(200);
  expect((await httpd.get('/page?n=1')).status).toBe(429);
  expect((await httpd.get('/page?n=3')).status).toBe(429);
  const head = await httpd.get('/page?n=1', { method: 'HEAD' });
  expect([head.status, head.headers['retry-after']]).toEqual([429, expect.stringMatching(/^\d+$/)]);
  // At one request a minute the next comes within a minute.
  expect(Number(head.headers['retry-after'])).toBeGreaterThan(30);
  expect(Number(head.headers['retry-after'])).toBeLessThanOrEqual(60);
  expect((await httpd.get('/static.txt')).status).toBe(200);
  expect(provider.received).toBe(2);
});

test('by itself a limit allows as many at once as in a minute', async ({ httpd, provider }) => {
  enablePages(httpd, provider, 'MuseAiRateLimitRPM 5');
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  const { passed, refused } = await hammer(httpd, '/page', 4, 3);
  expect([passed.length, refused.length]).toEqual([5, 7]);
});

test('it is on by default only where a rate is given', async ({ httpd, provider }) => {
  enablePages(httpd, provider);
  const folders = {
    none: [],
    burst: ['MuseAiRateLimitBurstSize 1'],
    rpm: ['MuseAiRateLimitRPM 1'],
    off: ['MuseAiRateLimitRPM 1', 'MuseAiRateLimitEnable Off'],
    on: ['MuseAiRateLimitEnable On', 'MuseAiRateLimitBurstSize 1'],
  };
  for (const [folder, lines] of Object.entries(folders)) {
    httpd.site.write(`${folder}/page.ai`, 'Write about the sea.');
    httpd.config.section('Directory', httpd.site.path(folder), ...lines);
  }
  await httpd.start();
  const refusals: Record<string, boolean> = {};
  for (const folder of Object.keys(folders)) {
    const { refused } = await hammer(httpd, `/${folder}/page`, 1, 5);
    refusals[folder] = refused.length > 0;
  }
  expect(refusals).toEqual({ none: false, burst: false, rpm: true, off: false, on: true });
});

test('limits of different directories are separate', async ({ httpd, provider }) => {
  enablePages(httpd, provider);
  const limit = ['MuseAiRateLimitRPM 1', 'MuseAiRateLimitBurstSize 3'];
  for (const folder of ['a', 'a/deep', 'b', 'c']) {
    httpd.site.write(`${folder}/page.ai`, 'Write about the sea.');
  }
  httpd.config
    .section('Directory', httpd.site.path('a'), ...limit)
    .section('Directory', httpd.site.path('b'), ...limit)
    .section('Directory', httpd.site.path('c'), 'MuseAiRateLimitRPM 2', limit[1] ?? '');
  await httpd.start();
  for (const folder of ['a', 'b', 'c']) {
    const { passed, refused } = await hammer(httpd, `/${folder}/page`, 1, 5);
    expect([folder, passed.length, refused.length]).toEqual([folder, 3, 2]);
  }
  // One that is inherited is the same limit.
  expect((await httpd.get('/a/deep/page')).status).toBe(429);
});

test('addresses and networks of the whitelist are free', async ({ httpd, provider }) => {
  enablePages(
    httpd,
    provider,
    ...['MuseAiRateLimitRPM 1', 'MuseAiRateLimitBurstSize 1'],
    'MuseAiRateLimitWhitelistIPs 127.0.0.5 127.1.0.0/16,2001:db8::/32',
  );
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  const passes = async (localAddress: string) =>
    (await hammer(httpd, '/page', 1, 4, { localAddress })).passed.length;
  expect(await passes('127.0.0.5')).toBe(4);
  expect(await passes('127.1.2.3')).toBe(4);
  expect(await passes('127.0.0.6')).toBe(1);
  expect(await passes('127.2.0.1')).toBe(1);
});

test.skipIf(!hasIpv6)('a client of ::1 counts for itself', async ({ httpd, provider }) => {
  enablePages(httpd, provider, 'MuseAiRateLimitRPM 1', 'MuseAiRateLimitBurstSize 2');
  const folder = httpd.site.path('free');
  httpd.config.section('Directory', folder, 'MuseAiRateLimitWhitelistIPs ::1');
  const port = await findFreePort();
  httpd.config.lines(`Listen [::1]:${port}`);
  httpd.site.write('page.ai', 'Write about the sea.');
  httpd.site.write('free/page.ai', 'Write about the sea.');
  await httpd.start();
  const six = `http://[::1]:${port}`;
  expect((await hammer(httpd, '/page', 1, 3)).passed).toHaveLength(2);
  expect((await hammer(httpd, `${six}/page`, 1, 3)).passed).toHaveLength(2);
  expect((await hammer(httpd, `${six}/free/page`, 1, 4)).passed).toHaveLength(4);
});

test('the status can be another one', async ({ httpd, provider }) => {
  enablePages(
    httpd,
    provider,
    ...['MuseAiRateLimitRPM 1', 'MuseAiRateLimitBurstSize 1', 'MuseAiRateLimitStatus 503'],
  );
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  const { refused } = await hammer(httpd, '/page', 1, 2);
  expect(refused.map(({ status, headers }) => [status, 'retry-after' in headers])).toEqual([
    [503, true],
  ]);
});

test('mod_remoteip says who the client is; IPv6 counts by /64', async ({ httpd, provider }) => {
  httpd.config.modules('remoteip');
  enablePages(httpd, provider, 'MuseAiRateLimitRPM 1', 'MuseAiRateLimitBurstSize 2');
  httpd.config.lines('RemoteIPHeader X-Forwarded-For', 'RemoteIPInternalProxy 127.0.0.1');
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  const status = async (address: string, localAddress = '127.0.0.1') =>
    (await httpd.get('/page', { localAddress, headers: { 'X-Forwarded-For': address } })).status;
  const inTurn = async (...addresses: string[]) => {
    const statuses: number[] = [];
    for (const address of addresses) statuses.push(await status(address));
    return statuses;
  };
  expect(await inTurn('192.0.2.1', '192.0.2.1', '192.0.2.1')).toEqual([200, 200, 429]);
  expect(await inTurn('192.0.2.2')).toEqual([200]);
  expect(await inTurn('2001:db8::1', '2001:db8::ffff:1', '2001:db8::2')).toEqual([200, 200, 429]);
  expect(await inTurn('2001:db8:0:1::1')).toEqual([200]);
  // Nobody may choose an address for themselves.
  const asOthers = [];
  for (const last of [3, 4, 5]) asOthers.push(await status(`192.0.2.${last}`, '127.0.0.9'));
  expect(asOthers).toEqual([200, 200, 429]);
});

test('a limit is kept over a graceful restart', async ({ httpd, provider }) => {
  enablePages(httpd, provider, 'MuseAiRateLimitRPM 1', 'MuseAiRateLimitBurstSize 2');
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  await hammer(httpd, '/page', 1, 2);
  await httpd.graceful();
  expect((await httpd.get('/page')).status).toBe(429);
});
