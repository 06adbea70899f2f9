import { setTimeout as sleep } from 'node:timers/promises';
import type { Httpd } from '../../test/harness/httpd.ts';
import { type Front, modelPath, pageFront, verifyFront, visitorsOf } from '../fronts.ts';
import { interleave } from '../measure/rounds.ts';
import { StaticProbe } from '../measure/static-probe.ts';
import { quantile } from '../measure/statistics.ts';
import { Numbers } from '../numbers.ts';
import { configurePages, configureThreads, ours, ownFront, type Threads } from '../own-pages.ts';
import { type PlainServer, startPlainServer } from '../peers/plain.ts';
import { TokenProvider } from '../provider/token-provider.ts';
import { durationOf, type Pace } from '../provider/tokens.ts';
import { onePlace, spread, twoPlaces, whole } from '../report/figures.ts';
import { withHttpd } from '../server.ts';
import type { Suite, SuiteContext, SuiteReport, Table, Target } from '../suite.ts';
import { countVerdict, sendVisitors } from '../visitors/visitors.ts';

const proxied = 'mod_proxy_http';
const paces = {
  full: { tokens: 20, everyMs: 500, firstMs: 500 },
  quick: { tokens: 20, everyMs: 100, firstMs: 100 },
} as const;
/** All pages are there within so many times the time of one. */
const target = 1.1;
/** Seconds after which nobody waits for a static file any more. */
const probePatience = 30;

/** Visitors of unique pages on an httpd of so many threads. */
interface Crowd extends Threads {
  readonly visitors: number;
  /** When visitors stop waiting, as a multiple of a page's time. */
  readonly pages: number;
  readonly rounds: number;
}

const crowds: readonly Crowd[] = [
  { visitors: 100, children: 2, threads: 25, pages: 4, rounds: 2 },
  { visitors: 500, children: 2, threads: 32, pages: 4, rounds: 1 },
];

interface Sample {
  /** Seconds until the last page that came was there. */
  readonly seconds: number;
  readonly without: number;
  readonly staticTimes: readonly number[];
}

type Samples = ReadonlyMap<string, readonly Sample[]>;

export const blocking: Suite = {
  name: 'blocking',
  title: 'More visitors than threads',
  method: [
    'Visitors come all at once, each for a page of their own that takes 10 s to write (2 s in quick ' +
      'rounds), to an httpd that has fewer threads than that: 100 visitors to 2 children of 25 ' +
      'threads, and 500 to 2 of 32. Meanwhile somebody asks for a static file ten times a second, ' +
      'each time on a new connection, and waits for it up to 30 s.',
    `"${proxied}" passes requests on to the plain Node.js server (see "Cold pages"): a thread of ` +
      'httpd waits for each page. Both are in one httpd and are asked in turn. Visitors wait for four ' +
      "times a page's time; who has no whole and right page by then is counted as without.",
  ],

  async run(context) {
    await using provider = await TokenProvider.start();
    await using plain = await startPlainServer(provider.url);
    const measured: (readonly [Crowd, Samples])[] = [];
    for (const crowd of crowds) {
      measured.push([crowd, await crowdHttpd(crowd, provider, plain, context)]);
    }
    return report(measured, context.quick ? paces.quick : paces.full);
  },
};

function crowdHttpd(
  crowd: Crowd,
  provider: TokenProvider,
  plain: PlainServer,
  context: SuiteContext,
): Promise<Samples> {
  return withHttpd(
    (httpd) => {
      configureThreads(httpd, crowd);
      configurePages(httpd, provider.url, [...Object.values(paces), check]);
      httpd.config
        .modules('proxy', 'proxy_http')
        .lines('ProxyVia Full', `ProxyPass /plain http://127.0.0.1:${plain.port}`)
        .lines('ProxyTimeout 300');
      httpd.site.write('static.html', 'x'.repeat(10_240));
    },
    (httpd) => measure(httpd, crowd, provider, context),
  );
}

/** For seeing that every subject is what it is called. */
const check = { tokens: 20, everyMs: 0, firstMs: 0 };

async function measure(
  httpd: Httpd,
  crowd: Crowd,
  provider: TokenProvider,
  { quick, say }: SuiteContext,
): Promise<Samples> {
  const proxy = { name: proxied, port: httpd.port, header: ['via', /Apache/] as const };
  const fronts = [ownFront(httpd), pageFront(proxy, (pace) => `/plain${modelPath(pace)}`)];
  const numbers = new Numbers();
  for (const front of fronts) await verifyFront(front, check, provider, numbers);
  const pace = quick ? paces.quick : paces.full;
  const seconds = Math.ceil((durationOf(pace) / 1000) * crowd.pages);
  return await interleave(fronts, quick ? 1 : crowd.rounds, async (front) => {
    const sample = await visit(httpd, front, { pace, crowd, seconds, numbers });
    say(
      `${crowd.visitors} visitors of ${front.name}: ${onePlace(sample.seconds)} s, ` +
        `${sample.without} without`,
    );
    // Who gave up leaves the server with work that is still to end.
    await sleep(durationOf(pace));
    return sample;
  });
}

async function visit(
  httpd: Httpd,
  front: Front,
  asked: { pace: Pace; crowd: Crowd; seconds: number; numbers: Numbers },
): Promise<Sample> {
  const { pace, crowd, seconds, numbers } = asked;
  const { visitors } = crowd;
  const probe = new StaticProbe(`${httpd.url}/static.html`, probePatience * 1000);
  probe.start();
  try {
    const first = numbers.take(visitors);
    const ask = visitorsOf(front, pace, 'own');
    const { visits } = await sendVisitors({ ...ask, visitors, first, seconds });
    const began = Math.min(...visits.map(({ begun }) => begun));
    const ended = Math.max(...visits.map(({ end }) => end));
    await probe.stop();
    return {
      seconds: (ended - began) / 1e9,
      without: visitors - countVerdict(visits, 'right'),
      staticTimes: probe.times,
    };
  } finally {
    await probe.stop();
  }
}

function report(measured: readonly (readonly [Crowd, Samples])[], pace: Pace): SuiteReport {
  const page = durationOf(pace) / 1000;
  const of = (samples: Samples, name: string) => samples.get(name) ?? [];
  const figures = measured.map(([{ visitors, children, threads }, samples]): Table => {
    return {
      caption: `${visitors} visitors of a ${onePlace(page)} s page on ${children * threads} threads`,
      columns: ['', 'all pages there: s', 'without a page', 'static file: median ms', 'p99 ms'],
      rows: [ours, proxied].map((name) => {
        const list = of(samples, name);
        const times = list.flatMap(({ staticTimes }) => staticTimes);
        return [
          name,
          spread(
            list.map(({ seconds }) => seconds),
            onePlace,
          ),
          spread(
            list.map(({ without }) => without),
            whole,
          ),
          onePlace(quantile(times, 0.5)),
          onePlace(quantile(times, 0.99)),
        ];
      }),
    };
  });
  const [, first = new Map()] = measured[0] ?? [];
  const own = of(first, ours);
  const ratios = own.map(({ seconds }, at) => (of(first, proxied)[at]?.seconds ?? 0) / seconds);
  const ratio: Table = {
    caption: `The time of ${proxied} / ours, round by round`,
    columns: ['', 'all pages there'],
    rows: [['100 visitors on 50 threads', spread(ratios, twoPlaces)]],
  };
  const slowest = Math.max(...own.map(({ seconds }) => seconds)) / page;
  const targets: Target[] = [
    {
      what: '100 visitors on 50 threads, in times of one page',
      wanted: `≤ ${twoPlaces(target)}`,
      got: twoPlaces(slowest),
      met: slowest <= target && own.every(({ without }) => without === 0),
    },
  ];
  const samples = measured.map(([crowd, all]) => ({ crowd, ...Object.fromEntries(all) }));
  return { tables: [...figures, ratio], targets, samples };
}
