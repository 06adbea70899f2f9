import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { type Exchange, enablePages, type Httpd, test, waitUntil } from '../harness/index.ts';
import type { Gate, ScriptedProvider } from '../provider/index.ts';
import { fewThreads } from './few-threads.ts';
import { gated, tokens } from './gated-page.ts';

const streams = 20;

test('a graceful restart lets suspended streams finish, on the old child', async ({
  httpd,
  provider,
}) => {
  const { exchanges, gate } = await openStreams(httpd, provider);
  const [old] = httpd.children();
  await httpd.graceful();
  await waitUntil('a new child', () => httpd.children().some(({ pid }) => pid !== old?.pid));
  expect((await httpd.get('/static.txt')).text).toBe('static');
  expect(httpd.children().map(({ pid }) => pid)).toContain(old?.pid);
  gate.open();
  await expectWhole(exchanges);
  await waitUntil('the old child to end', () => !httpd.children().some((c) => c.pid === old?.pid));
});

test('a graceful stop lets suspended streams finish, then httpd ends', async ({
  httpd,
  provider,
}) => {
  const { exchanges, gate } = await openStreams(httpd, provider);
  process.kill(httpd.pid, 'SIGWINCH');
  await waitUntil('httpd to listen no more', () => refuses(httpd));
  expect(exchanges.filter(({ over }) => over)).toEqual([]);
  gate.open();
  await expectWhole(exchanges);
  await waitUntil('httpd to end', () => httpd.processes().length === 0);
});

test('GracefulShutdownTimeout cuts what is left', async ({ httpd, provider }) => {
  httpd.config.lines('GracefulShutdownTimeout 2');
  const { exchanges } = await openStreams(httpd, provider);
  process.kill(httpd.pid, 'SIGWINCH');
  // Its children have nine seconds more.
  const patience = { timeoutMs: 40_000 };
  await waitUntil('httpd to end', () => httpd.processes().length === 0, patience);
  for (const { done } of exchanges) expect((await done).complete).toBe(false);
  // A child of the event MPM that has connections ends only by force then, whatever they are.
  httpd.log.expect('AH00046');
  httpd.log.allow('AH00045');
}, 60_000);

test('a stop ends suspended streams at once, and logs them', async ({ httpd, provider }) => {
  httpd.config.lines('CustomLog logs/access.log "%>s %U %X"');
  const { exchanges } = await openStreams(httpd, provider);
  await httpd.stop();
  for (const { done } of exchanges) expect((await done).complete).toBe(false);
  const log = readFileSync(httpd.environment.path('logs', 'access.log'), 'utf8').split('\n');
  expect(log.filter((line) => line.startsWith('200 /page'))).toEqual(
    Array.from({ length: streams }, () => '200 /page X'),
  );
});

test('MaxConnectionsPerChild lets suspended streams finish', async ({ httpd, provider }) => {
  const { exchanges, gate } = await openStreams(httpd, provider, 'MaxConnectionsPerChild 25');
  const [old] = httpd.children();
  const others = () => httpd.children().filter(({ pid }) => pid !== old?.pid);
  for (let n = 0; n < 10; n += 1) {
    expect((await httpd.get('/static.txt')).text).toBe('static');
  }
  await waitUntil('another child', () => others().length > 0);
  expect(httpd.children().map(({ pid }) => pid)).toContain(old?.pid);
  gate.open();
  await expectWhole(exchanges);
  await waitUntil('the old child to end', () => !httpd.children().some((c) => c.pid === old?.pid));
});

interface Streams {
  readonly exchanges: readonly Exchange[];
  readonly gate: Gate;
}

/** All on one child, and begun. */
async function openStreams(
  httpd: Httpd,
  provider: ScriptedProvider,
  ...lines: readonly string[]
): Promise<Streams> {
  fewThreads(httpd, 4, ...lines);
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write about {{ query.n }}.');
  httpd.site.write('static.txt', 'static');
  const gate = gated(provider);
  await httpd.start();
  const exchanges = Array.from({ length: streams }, (_, n) => httpd.open(`/page?n=${n}`));
  await gate.arrived(streams);
  gate.release(2 * streams);
  await Promise.all(exchanges.map((exchange) => exchange.waitFor('The first piece.')));
  return { exchanges, gate };
}

async function expectWhole(exchanges: readonly Exchange[]): Promise<void> {
  for (const { done } of exchanges) {
    const { complete, text } = await done;
    expect([complete, text]).toEqual([true, tokens.join('')]);
  }
}

async function refuses(httpd: Httpd): Promise<boolean> {
  return httpd.get('/static.txt').then(
    () => false,
    () => true,
  );
}
