import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Front, visitorsOf } from '../../bench/fronts.ts';
import { assertOpenFiles } from '../../bench/measure/memory.ts';
import { Numbers } from '../../bench/numbers.ts';
import { configurePages, configureThreads, ownFront } from '../../bench/own-pages.ts';
import { TokenProvider } from '../../bench/provider/token-provider.ts';
import { countVerdict, sendVisitors, type Visits } from '../../bench/visitors/visitors.ts';
import { type Httpd, test, waitUntil } from '../harness/index.ts';
import { descriptorsOf } from '../harness/processes.ts';

/** `MUSE_STREAMS`: how many wait at once in all. */
const streams = Number(process.env.MUSE_STREAMS ?? 2000);
/** The provider's connections, too, are files of the engine, so most visitors share a page. */
const own = streams / 5;
const leaving = streams / 10;
/** A second; fewer than httpd could take, so that none has to come again. */
const rate = 500;
const pace = { tokens: 8, everyMs: 500, firstMs: 0 };

test(`${streams} suspended streams wait at once, and all are served to the end`, async ({
  httpd,
}) => {
  // The engine has a connection for each stream, and one to the provider for each page.
  assertOpenFiles(streams + own + leaving + 500);
  await using provider = await TokenProvider.start();
  configureThreads(httpd, { children: 2, threads: 32 });
  configurePages(httpd, provider.url, [pace]);
  httpd.config.logLevel = 'warn muse_ai:info';
  await httpd.start();
  await httpd.enginesReady();
  const crowd = new Crowd(ownFront(httpd));
  await provider.hold();

  const leave = new AbortController();
  const kept = [crowd.send(own, 'own'), crowd.send(streams - own, 'shared')];
  const gone = crowd.send(leaving, 'own', leave.signal);
  await connections(httpd, (count) => count >= streams + leaving);
  leave.abort();
  await gone;
  await connections(httpd, (count) => count <= streams);
  // All wait, and nobody is served yet; the threads are free for others.
  expect((await httpd.get('/nothing')).status).toBe(404);
  await provider.go();
  const visits = (await Promise.all(kept)).flatMap((one) => one.visits);
  expect(countVerdict(visits, 'right')).toBe(streams);
  await waitUntil('the files of all streams to be closed', () => mostFiles(httpd) < 500);
});

class Crowd {
  readonly #front: Front;
  readonly #numbers = new Numbers();

  constructor(front: Front) {
    this.#front = front;
  }

  /** Visitors come for a page of their own each, or all for one. */
  send(visitors: number, page: 'own' | 'shared', signal?: AbortSignal): Promise<Visits> {
    const first = this.#numbers.take(visitors);
    const asked = visitorsOf(this.#front, pace, page === 'own' ? 'own' : first);
    return sendVisitors({ ...asked, visitors, first, rate, seconds: 400 }, signal);
  }
}

/** Waits until there are so many of httpd's connections to the engine. */
async function connections(httpd: Httpd, enough: (count: number) => boolean): Promise<void> {
  let count = 0;
  await waitUntil(
    () => `another number of streams than ${count}`,
    async () => {
      // It is a long list to read.
      await sleep(200);
      count = httpd.engineConnections().length;
      return enough(count);
    },
    { timeoutMs: 300_000 },
  );
}

/** The open files of that child that has the most. */
function mostFiles(httpd: Httpd): number {
  return Math.max(...httpd.children().map(({ pid }) => descriptorsOf(pid).length));
}
