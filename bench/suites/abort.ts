import type { Httpd } from '../../test/harness/httpd.ts';
import { type Front, modelPath, pageFront, verifyFront } from '../fronts.ts';
import { interleave } from '../measure/rounds.ts';
import { quantile } from '../measure/statistics.ts';
import { Numbers } from '../numbers.ts';
import { configurePages, configureThreads, ours, ownFront } from '../own-pages.ts';
import { startPlainServer } from '../peers/plain.ts';
import { TokenProvider } from '../provider/token-provider.ts';
import { onePlace } from '../report/figures.ts';
import { shares } from '../report/points.ts';
import { withHttpd } from '../server.ts';
import type { Plot, Suite, SuiteContext, SuiteReport } from '../suite.ts';
import { abortMax, type Leaving, timeAbort } from './abort-client.ts';

const target = 100;
/** Both go on far longer than anybody stays. */
const paces = {
  'before the first byte': { tokens: 2, everyMs: 0, firstMs: 20_000 },
  'in mid-page': { tokens: 1000, everyMs: 10, firstMs: 0 },
} as const;

interface Subject extends Leaving {
  readonly name: string;
  readonly front: Front;
}

export const abort: Suite = {
  name: 'abort',
  title: 'Everybody has left',
  method: [
    'Readers open a page that nobody has asked for before and leave it: before its first byte, ' +
      'which would come after 20 s, or in mid-page, a token every 10 ms. Timed is from the last ' +
      "one's closing of the connection until the provider sees that its own was closed: from then on " +
      'nobody pays for tokens. Three readers of one page leave one right after the other; where each ' +
      `of them costs a completion, all of those count. ${abortMax} ms stand for never.`,
    '"plain server" does what one would write without us: it aborts its call when the response is ' +
      'closed.',
  ],

  async run(context) {
    await using provider = await TokenProvider.start();
    await using plain = await startPlainServer(provider.url);
    const { port } = plain;
    // Awaited here: the others are to live as long as httpd.
    return await withHttpd(
      (httpd) => {
        configureThreads(httpd, { children: 2, threads: 32 });
        configurePages(httpd, provider.url, [...Object.values(paces), check]);
      },
      (httpd) => measure(subjectsOf(httpd, port), provider, context),
    );
  },
};

/** For seeing that every subject is what it is called. */
const check = { tokens: 20, everyMs: 0, firstMs: 0 };

function subjectsOf(httpd: Httpd, port: number): Subject[] {
  const header = ['x-writer', /^plain$/] as const;
  const plain = pageFront({ name: 'plain server', port, header }, modelPath);
  const leavings: readonly Leaving[] = [
    { readers: 1, when: 'before the first byte' },
    { readers: 1, when: 'in mid-page' },
    { readers: 3, when: 'in mid-page' },
  ];
  return [ownFront(httpd), plain].flatMap((front) =>
    leavings.map((leaving) => {
      const who = leaving.readers === 1 ? 'one reader' : `${leaving.readers} readers`;
      return { ...leaving, name: `${front.name}, ${who}, ${leaving.when}`, front };
    }),
  );
}

async function measure(
  subjects: readonly Subject[],
  provider: TokenProvider,
  { quick, say }: SuiteContext,
): Promise<SuiteReport> {
  const numbers = new Numbers();
  for (const { front } of subjects) await verifyFront(front, check, provider, numbers);
  const rounds = quick ? 15 : 150;
  say(`${rounds} times each`);
  const samples = await interleave(subjects, rounds, (subject) =>
    timeAbort(subject.front, paces[subject.when], subject, provider, numbers.take(1)),
  );
  return report(samples);
}

function report(samples: ReadonlyMap<string, readonly number[]>): SuiteReport {
  const all = [...samples];
  const own = all.filter(([name]) => name.startsWith(ours)).flatMap(([, times]) => times);
  const greatest = Math.max(...own);
  return {
    tables: [
      {
        caption: 'Milliseconds from leaving until the provider sees it',
        columns: ['', 'median', 'p99', 'greatest'],
        rows: all.map(([name, times]) => [
          name,
          ...[0.5, 0.99, 1].map((q) => onePlace(quantile(times, q))),
        ]),
      },
    ],
    targets: [
      {
        what: 'abort after the last reader left (greatest)',
        wanted: `≤ ${target} ms`,
        got: `${onePlace(greatest)} ms`,
        met: greatest <= target,
      },
    ],
    plots: [plot(all)],
    samples: Object.fromEntries(samples),
  };
}

function plot(all: readonly (readonly [name: string, times: readonly number[]])[]): Plot {
  return {
    file: 'abort',
    title: 'From the last reader’s leaving to the end of the provider’s work',
    x: { label: 'ms', scale: 'log' },
    y: { label: '% of the completions', scale: 'linear' },
    series: all
      .filter(([name]) => name.startsWith(ours))
      .map(([name, times]) => ({ name: name.replace(`${ours}, `, ''), points: shares(times) })),
  };
}
