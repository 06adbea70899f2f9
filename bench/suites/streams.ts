import { buildTokenEngine, useTokenEngine } from '../engine/build.ts';
import { eventsFront, modelPath, pageFront, verifyFront } from '../fronts.ts';
import { assertOpenFiles } from '../measure/memory.ts';
import { interleave } from '../measure/rounds.ts';
import { Numbers } from '../numbers.ts';
import { configurePages, configureThreads, ownFront } from '../own-pages.ts';
import { startPlainServer } from '../peers/plain.ts';
import { TokenProvider } from '../provider/token-provider.ts';
import { withHttpd } from '../server.ts';
import type { Suite, SuiteContext } from '../suite.ts';
import { heldByEngine, heldByProvider, type Streams, type StreamsOf } from './streams-crowd.ts';
import { reportStreams } from './streams-report.ts';
import { runCrowd } from './streams-run.ts';

const sizes = {
  full: { some: 5000, most: 8000, rounds: 2, pace: { tokens: 20, everyMs: 500, firstMs: 0 } },
  quick: { some: 500, most: 800, rounds: 1, pace: { tokens: 20, everyMs: 100, firstMs: 0 } },
} as const;
const threads = { children: 2, threads: 32 };
/** Connections, files, pipes of a process besides two for each stream. */
const otherFiles = 500;

export const streams: Suite = {
  name: 'streams',
  title: 'Thousands of streams at a time',
  method: [
    'Visitors come one after the other, 1,500 a second, to an httpd of 2 children with 32 threads, ' +
      'each for a page of their own ("one page" means that all ask for the same). The provider holds ' +
      'every answer back until all of them wait, so that all are there at the same time. Then it ' +
      'sends each 20 tokens in 10 s (2 s in quick rounds); the first one begins at once, the last one ' +
      '5 s later, when the first is in its middle. A stream that is not whole and right byte by byte is counted as lost; ' +
      'where a server does not let all of them in, the streams begin without the rest after 5 s ' +
      'in which nobody came, and all is over some 30 s later.',
    'Each token carries the time at which it was sent, by the monotonic clock that all processes of ' +
      'the machine share; the delay is until the visitor has read it. Provider and visitors take ' +
      'their time too: "provider alone" is what is there without anything in between. "httpd alone" ' +
      'has, in the place of our engine, one that does nothing but write such tokens: its delay is ' +
      "from engine to client. What mod_muse_ai has beyond it is the engine's own part, its reading " +
      "of the provider's stream included.",
    'Memory is the proportional set size of all children of httpd together, after a few hundred ' +
      'streams to warm up and before the others come, while all wait, and in the middle of the ' +
      'streams; a stream costs what the greater of both is above the first. Static file: wrk with ' +
      '16 connections, alone (before and after) and while all wait for their first token.',
    'Nearly all of what a stream costs are the pages of 4 KB that httpd itself has written to when ' +
      'the module gets the request: one of the pool of the connection, one of its bucket ' +
      'allocator, two or three of the pool of the request (its eight tables alone take more than ' +
      'one page). What the module adds, some 1.5 KB, lies in the last of them. What it can give ' +
      'back before the wait, it does: the buffer into which the request was read, its own ' +
      'request to the engine, and whatever else the allocator of the connection has spare.',
  ],

  check: (context) => assertOpenFiles(2 * sizeOf(context).most + otherFiles),

  async run(context) {
    const size = sizeOf(context);
    await using provider = await TokenProvider.start();
    const measured = await measure(provider, size, context);
    const alone = await measureHttpdAlone(provider, size, context);
    return reportStreams([...measured, ...alone], size);
  },
};

type Size = (typeof sizes)[keyof typeof sizes];

function sizeOf({ quick }: Pick<SuiteContext, 'quick'>): Size {
  return quick ? sizes.quick : sizes.full;
}

/** The subjects that ask the provider. */
async function measure(
  provider: TokenProvider,
  { some, most, rounds, pace }: Size,
  context: SuiteContext,
): Promise<Streams[]> {
  await using plain = await startPlainServer(provider.url);
  const { port } = plain;
  return await withHttpd(
    (httpd) => {
      configureThreads(httpd, threads);
      configurePages(httpd, provider.url, [pace, check]);
      httpd.site.write('static.html', 'x'.repeat(10_240));
    },
    async (httpd) => {
      const { say } = context;
      const own = ownFront(httpd);
      const header = ['x-writer', /^plain$/] as const;
      const plainFront = pageFront({ name: 'plain server', port, header }, modelPath);
      const events = ['content-type', /^text\/event-stream/] as const;
      const direct = eventsFront({ name: 'provider alone', port: provider.port, header: events });
      const numbers = new Numbers();
      for (const front of [own, plainFront, direct]) {
        await verifyFront(front, check, provider, numbers);
      }
      const gate = heldByProvider(provider);
      const common = { gate, pace, numbers };
      const subjects: StreamsOf[] = [
        { ...common, name: own.name, front: own, count: some, httpd },
        { ...common, name: `${own.name}, one page`, front: own, count: some, httpd, shared: true },
        { ...common, name: plainFront.name, front: plainFront, count: some },
        { ...common, name: direct.name, front: direct, count: some },
      ];
      // Memory that any number of visitors costs once is no stream's.
      say('warming up');
      for (const each of subjects) await runCrowd({ ...each, count: some / 10 }, context);
      const all = await interleave(subjects, rounds, (each) => runCrowd(each, context));
      const last = await runCrowd(
        { ...common, name: own.name, front: own, count: most, httpd },
        context,
      );
      return [...[...all.values()].flat(), last];
    },
  );
}

/** httpd with an engine that only writes tokens. */
async function measureHttpdAlone(
  provider: TokenProvider,
  { some, rounds, pace }: Size,
  context: SuiteContext,
): Promise<Streams[]> {
  const bundle = await buildTokenEngine();
  await provider.forget();
  const all: Streams[] = [];
  for (let round = 0; round < rounds; round += 1) {
    all.push(
      await withHttpd(
        (httpd) => {
          configureThreads(httpd, threads);
          configurePages(httpd, provider.url, [pace]);
          useTokenEngine(httpd, bundle);
          // The engine's being ready is told at this level.
          httpd.config.logLevel = 'warn muse_ai:info';
        },
        async (httpd) =>
          runCrowd(
            {
              name: 'httpd alone',
              front: ownFront(httpd),
              count: some,
              gate: heldByEngine(httpd),
              pace,
              numbers: new Numbers(),
            },
            context,
          ),
      ),
    );
  }
  if ((await provider.tally()).asked > 0) {
    throw new Error('httpd alone has asked the provider: it ran with our own engine');
  }
  return all;
}

/** For seeing that every subject is what it is called. */
const check = { tokens: 20, everyMs: 0, firstMs: 0 };
