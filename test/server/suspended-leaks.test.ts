import { Agent } from 'node:http';
import { expect } from 'vitest';
import { expectMemory } from '../harness/expect-memory.ts';
import { enablePages, type Httpd, scriptedModel, test, waitUntil } from '../harness/index.ts';
import { descriptorsOf } from '../harness/processes.ts';
import { visitorsOf } from '../harness/tcp-sockets.ts';
import { say } from '../provider/index.ts';
import { anonymousBytes, fewThreads } from './few-threads.ts';
import { tokens } from './gated-page.ts';

/** More of them, such as 50,000, show smaller leaks and take minutes. */
const streams = Number(process.env.MUSE_AI_TEST_STREAMS ?? 2000);
const visitors = 50;

test(
  `${streams} streams leave no connection, no descriptor and no memory behind`,
  async ({ httpd, provider }) => {
    fewThreads(httpd, 8);
    enablePages(httpd, provider, 'MuseAiCacheEnable Off');
    httpd.site.write('page.ai', 'Write about {{ query.n }}.');
    provider.script(scriptedModel, say(tokens, { firstMs: 5 }));
    await httpd.start();
    await visit(httpd, 200);
    const before = await atRest(httpd);
    const bytes = anonymousBytes(httpd);
    await visit(httpd, streams);
    expect(await atRest(httpd)).toBeLessThanOrEqual(before + visitors);
    const grown = anonymousBytes(httpd) - bytes;
    process.stdout.write(`${streams} streams: ${bytes} bytes before, ${grown} more after\n`);
    expectMemory(grown, 4e6);
  },
  60_000 + streams * 20,
);

/** So many pages, some of them left in the middle, by visitors who come again and again. */
async function visit(httpd: Httpd, pages: number): Promise<void> {
  let asked = 0;
  const agent = new Agent({ keepAlive: false });
  const visitor = async () => {
    while (asked < pages) {
      asked += 1;
      const exchange = httpd.open(`/page?n=${asked}`, { agent });
      if (asked % 10 === 0) {
        await exchange.head;
        exchange.leave();
      } else {
        const { status, text } = await exchange.done;
        expect([status, text]).toEqual([200, tokens.join('')]);
      }
    }
  };
  await Promise.all(Array.from({ length: visitors }, visitor));
}

/** Descriptors of the child, once all visitors' connections are closed; kept ones to engines stay. */
async function atRest(httpd: Httpd): Promise<number> {
  const pids = () => httpd.children().map(({ pid }) => pid);
  await waitUntil(
    'connections to be closed',
    () => pids().flatMap((pid) => visitorsOf(pid, httpd.port)).length === 0,
  );
  return pids().flatMap(descriptorsOf).length;
}
