import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { expect } from 'vitest';
import { enablePages, type Httpd, scriptedModel, test, waitUntil } from '../harness/index.ts';
import { socketsOf } from '../harness/processes.ts';
import { visitorsOf } from '../harness/tcp-sockets.ts';
import { say } from '../provider/index.ts';
import { fewThreads } from './few-threads.ts';
import { tokens } from './gated-page.ts';
import { SlowReader } from './slow-reader.ts';

/*
 * One visitor is refused, since the engine hangs, and takes the refusal slowly. Meanwhile another
 * one's connection to the engine gets the number that the first one's had, which must not be given
 * up a second time when the first visitor is done.
 */
test('a connection to the engine is not forgotten for the one whose descriptor it has', async ({
  httpd,
  provider,
}) => {
  fewThreads(httpd, 4, 'SendBufferSize 16384');
  httpd.config.lines('KeepAliveTimeout 60', 'EnableSendfile Off', 'ErrorDocument 503 /large.txt');
  enablePages(httpd, provider);
  provider.script(scriptedModel, say(tokens));
  httpd.site.write('page.ai', 'Write about {{ query.n }}.');
  httpd.site.write('small.txt', 'small');
  // More than both sockets hold, and no more: while it is read, the second one's patience runs.
  httpd.site.write('large.txt', 'x'.repeat(1_000_000));
  await httpd.start();
  await httpd.enginesReady();
  const engine = await httpd.engine();
  // Their descriptors are free again when the large file is opened and the second visitor comes.
  const idle = [await keptOpen(httpd), await keptOpen(httpd)];
  await engine.freeze();
  const refused = new SlowReader(httpd.port, '/page?n=1');
  const first = await waitUntil('the first to ask', () => engineDescriptor(httpd));
  for (const agent of idle) agent.destroy();
  const [child] = httpd.children();
  await waitUntil(
    'the idle ones to be closed',
    () => visitorsOf(child?.pid ?? 0, httpd.port).length === 1,
  );
  // httpd waits ten seconds for the engine.
  const patience = { timeoutMs: 30_000 };
  const isRefused = async () => {
    await refused.sip(1, 10);
    return refused.taken.startsWith('HTTP/1.1 503 ');
  };
  await waitUntil('the refusal', isRefused, patience);
  const page = httpd.open('/page?n=2');
  const second = await waitUntil('the second to ask', () => engineDescriptor(httpd));
  expect(second, 'else this test shows nothing').toBe(first);
  expect((await refused.finish()).length).toBeGreaterThan(1_000_000);
  engine.thaw();
  const { status, text } = await page.done;
  expect([status, text]).toEqual([200, tokens.join('')]);
  httpd.log.allow(47);
}, 90_000);

/** A visitor who has got a file and keeps the connection. */
async function keptOpen(httpd: Httpd): Promise<Agent> {
  const agent = new Agent({ keepAlive: true });
  const { text } = await httpd.get('/small.txt', { agent, headers: { Connection: 'keep-alive' } });
  expect(text).toBe('small');
  return agent;
}

/** The number of the descriptor of the only connection that httpd's child has to the engine. */
function engineDescriptor(httpd: Httpd): number | undefined {
  const table = readFileSync('/proc/net/unix', 'utf8').split('\n');
  const inodes = new Set(table.map((line) => line.split(/\s+/)[6]));
  const found = httpd
    .children()
    .flatMap(({ pid }) => socketsOf(pid).filter(({ inode }) => inodes.has(inode)));
  return found.length === 1 ? found[0]?.fd : undefined;
}
