import type { Httpd } from '../../test/harness/httpd.ts';
import {
  eventsFront,
  type Front,
  modelPath,
  pageFront,
  verifyFront,
  visitorsOf,
} from '../fronts.ts';
import { processCpu } from '../measure/cpu.ts';
import { interleave } from '../measure/rounds.ts';
import { quantile } from '../measure/statistics.ts';
import { Numbers } from '../numbers.ts';
import { configurePages, configureThreads, ownFront } from '../own-pages.ts';
import { startPlainServer } from '../peers/plain.ts';
import { TokenProvider } from '../provider/token-provider.ts';
import { toColumns } from '../report/columns.ts';
import { twoPlaces, whole } from '../report/figures.ts';
import { withHttpd } from '../server.ts';
import type { Suite, SuiteContext, SuiteReport, Table, Target } from '../suite.ts';
import { assertRight, sendVisitors } from '../visitors/visitors.ts';

/** Milliseconds that may be added to the first byte. */
const targets = { median: 1, p99: 1.5 } as const;
const paces = {
  short: { tokens: 20, everyMs: 0, firstMs: 0 },
  long: { tokens: 400, everyMs: 0, firstMs: 0 },
  slow: { tokens: 30, everyMs: 5, firstMs: 20 },
} as const;
type Page = keyof typeof paces;
const told: Readonly<Record<Page, string>> = {
  short: '20 tokens at once',
  long: '400 tokens at once',
  slow: '30 tokens, the first after 20 ms, the others 5 ms apart',
};
const pages = Object.keys(paces) as readonly Page[];
const secondsOf: Readonly<Record<Page, number>> = { short: 1, long: 1, slow: 2 };
/** At the beginning of each turn, which find everything asleep. */
const warmUp = 5;
/** More than one visitor gets in a second. */
const pagesMax = 20_000;

const ways = ['provider alone', 'through httpd', 'plain server'] as const;
type Way = (typeof ways)[number];

interface Subject {
  readonly name: string;
  readonly page: Page;
  readonly way: Way;
}

/** Of one visit, milliseconds since the request was sent. */
interface Sample {
  readonly first: number;
  readonly end: number;
}

export const miss: Suite = {
  name: 'miss',
  title: 'A page that has to be written',
  method: [
    'One visitor asks for one page after the other, each of them new; the provider begins to answer ' +
      'as soon as it is asked, unless told otherwise. In turn, round by round, the same visitor (the ' +
      'program in C that plays the crowds of other suites) asks the provider itself for the same ' +
      'tokens, and the plain Node.js server (see "Cold pages") for the same page. Every page is ' +
      'compared byte by byte.',
    'Timed from sending the request, on a connection that stands, to the first byte of the page (or ' +
      'of the event stream), and to the end of either. What is added is the difference of the ' +
      'medians (or of the 99th percentiles). After a pause (the slow page) all processes have to be ' +
      'woken, and their caches are cold: everything takes longer then, the provider too.',
  ],

  async run(context) {
    await using provider = await TokenProvider.start();
    await using plain = await startPlainServer(provider.url);
    const { port } = plain;
    // Awaited here: the provider is to live as long as httpd.
    return await withHttpd(
      (httpd) => {
        configureThreads(httpd, { children: 2, threads: 32 });
        configurePages(httpd, provider.url, Object.values(paces));
      },
      (httpd) => measure(httpd, { provider, plainPort: port }, context),
    );
  },
};

function frontsOf(
  httpd: Httpd,
  { provider, plainPort }: { provider: TokenProvider; plainPort: number },
): Readonly<Record<Way, Front>> {
  const header = ['x-writer', /^plain$/] as const;
  return {
    'provider alone': eventsFront({
      name: 'provider alone',
      port: provider.port,
      header: ['content-type', /^text\/event-stream/],
    }),
    'through httpd': ownFront(httpd),
    'plain server': pageFront({ name: 'plain server', port: plainPort, header }, modelPath),
  };
}

async function measure(
  httpd: Httpd,
  servers: { provider: TokenProvider; plainPort: number },
  { quick, say }: SuiteContext,
): Promise<SuiteReport> {
  const numbers = new Numbers();
  const fronts = frontsOf(httpd, servers);
  for (const front of Object.values(fronts)) {
    await verifyFront(front, paces.short, servers.provider, numbers);
  }
  const subjects: Subject[] = pages.flatMap((page) =>
    ways.map((way) => ({ name: `${page}: ${way}`, page, way })),
  );
  const visit = async ({ page, way }: Subject): Promise<Sample[]> => {
    const asked = visitorsOf(fronts[way], paces[page], 'own');
    const seconds = secondsOf[page];
    const first = numbers.take(seconds * pagesMax);
    const { visits } = await sendVisitors({ ...asked, visitors: 1, first, seconds, loop: true });
    assertRight(way, visits);
    await servers.provider.forget();
    return visits.slice(warmUp).map((one) => ({
      first: (one.first - one.asked) / 1e6,
      end: (one.end - one.asked) / 1e6,
    }));
  };
  say('warming up');
  await interleave(subjects, quick ? 1 : 3, visit);
  const engine = (await httpd.engine()).pid;
  const before = processCpu(engine);
  const rounds = quick ? 2 : 9;
  const samples = new Map<string, Sample[]>();
  const all = await interleave(subjects, rounds, async (subject, round) => {
    say(`round ${round + 1}/${rounds}: ${subject.name}`);
    return visit(subject);
  });
  for (const [name, list] of all) samples.set(name, list.flat());
  const written = pages.reduce((sum, page) => sum + countOf(samples, page), 0);
  return report(samples, (processCpu(engine) - before) / written / 1000);
}

function countOf(samples: ReadonlyMap<string, readonly Sample[]>, page: Page): number {
  return samples.get(`${page}: through httpd`)?.length ?? 0;
}

const columns = [
  ['first', 0.5],
  ['first', 0.99],
  ['end', 0.5],
  ['end', 0.99],
] as const;

function report(samples: ReadonlyMap<string, readonly Sample[]>, engineCpuMs: number): SuiteReport {
  const figure = (page: Page, way: Way, what: keyof Sample, q: number) =>
    quantile(
      (samples.get(`${page}: ${way}`) ?? []).map((one) => one[what]),
      q,
    );
  const added = (page: Page, way: Way, what: keyof Sample, q: number) =>
    figure(page, way, what, q) - figure(page, 'provider alone', what, q);
  const row = (name: string, of: (what: keyof Sample, q: number) => number) => [
    name,
    ...columns.map(([what, q]) => twoPlaces(of(what, q))),
  ];
  const tables = pages.map((page): Table => {
    return {
      caption: `${told[page]}: milliseconds, ${whole(countOf(samples, page))} pages through httpd`,
      columns: ['', 'first byte: median', 'p99', 'end: median', 'p99'],
      rows: [
        ...ways.map((way) => row(way, (what, q) => figure(page, way, what, q))),
        ...(['through httpd', 'plain server'] as const).map((way) =>
          row(`added ${way === 'plain server' ? 'by the plain server' : way}`, (what, q) =>
            added(page, way, what, q),
          ),
        ),
      ],
    };
  });
  const cpu: Table = {
    caption: 'CPU time of the engine, all of the above',
    columns: ['', 'ms/page'],
    rows: [['engine', twoPlaces(engineCpuMs)]],
  };
  return {
    tables: [...tables, cpu],
    targets: targetsOf((way, q) => added('short', way, 'first', q)),
    samples: { engineCpuMs, ...toColumns(samples) },
  };
}

function targetsOf(added: (way: Way, q: number) => number): Target[] {
  const firstByte = added('through httpd', 0.5);
  const firstByteP99 = added('through httpd', 0.99);
  const plain = added('plain server', 0.5);
  const target = (what: string, got: number, wanted: string, met: boolean): Target => ({
    what: `cold page, added to the first byte, ${what}`,
    wanted,
    got: `${twoPlaces(got)} ms`,
    met,
  });
  const { median, p99 } = targets;
  const against = 'median against the plain server';
  return [
    target('median', firstByte, `≤ ${twoPlaces(median)} ms`, firstByte <= median),
    target(against, firstByte, `< ${twoPlaces(plain)} ms`, firstByte < plain),
    target('p99', firstByteP99, `≤ ${twoPlaces(p99)} ms`, firstByteP99 <= p99),
  ];
}
