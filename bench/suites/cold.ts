import { setTimeout as sleep } from 'node:timers/promises';
import type { Httpd } from '../../test/harness/httpd.ts';
import {
  eventsFront,
  type Front,
  modelPath,
  pageFront,
  verifyFront,
  visitorsOf,
} from '../fronts.ts';
import { childrenCpu, processCpu } from '../measure/cpu.ts';
import { interleave } from '../measure/rounds.ts';
import { quantile } from '../measure/statistics.ts';
import { Numbers } from '../numbers.ts';
import { configurePages, configureThreads, ours, ownFront } from '../own-pages.ts';
import { type PlainServer, startPlainServer } from '../peers/plain.ts';
import { type Portkey, portkeyVersion, startPortkey } from '../peers/portkey.ts';
import { TokenProvider } from '../provider/token-provider.ts';
import { toColumns } from '../report/columns.ts';
import { middle, spread, twoPlaces, whole } from '../report/figures.ts';
import { withHttpd } from '../server.ts';
import type { Suite, SuiteContext, SuiteReport, Table, Target } from '../suite.ts';
import { assertRight, sendVisitors } from '../visitors/visitors.ts';

const pace = { tokens: 20, everyMs: 0, firstMs: 0 };
const visitors = 64;
/** More than anything here writes in a second. */
const pagesMax = 100_000;
/** What our pages/s divided by a peer's should reach. */
const targets = { 'plain server': 1.5, Portkey: 2.5 } as const;

interface Subject extends Front {
  /** CPU time that it has used so far, all its processes together, microseconds. */
  readonly cpu: () => number;
}

interface Sample {
  readonly perSecond: number;
  /** CPU time of the subject for each page, microseconds. */
  readonly cpu: number;
  /** Milliseconds from asking to the end of the page. */
  readonly p50: number;
  readonly p99: number;
}

export const cold: Suite = {
  name: 'cold',
  title: 'Cold pages, as many as possible',
  method: [
    `${visitors} visitors ask for pages that nobody has asked for before, each for the next as ` +
      `soon as one is there. The provider answers at once, with ${pace.tokens} tokens in one write: what ` +
      'a page costs is then all that is measured. httpd has 2 children of 64 threads.',
    '"plain server" is the Node.js server that one would write without us: `node:http`, one client ' +
      'of the `openai` package, each piece written as it comes, no httpd in front. "Portkey" is ' +
      `the \`@portkey-ai/gateway\` package ${portkeyVersion}, which passes the event stream on; it ` +
      'waits 25 ms of its own before the first event of every stream, which costs no CPU. ' +
      'mod_muse_ai is httpd and its engine.',
    'Every subject is first checked for its bytes, and that it answers the way its name says. ' +
      'Every page of the rounds is compared byte by byte too (of event streams, the tokens); a wrong ' +
      'one ends the suite. The visitors are one process in C, which uses some 20 µs for a page. ' +
      'CPU is user and system time of all processes of the subject, by the page.',
  ],

  async run(context) {
    await using provider = await TokenProvider.start();
    await using plain = await startPlainServer(provider.url);
    await using portkey = await startPortkey(provider.url);
    // Awaited here: the others are to live as long as httpd.
    return await withHttpd(
      (httpd) => {
        configureThreads(httpd, { children: 2, threads: 64 });
        configurePages(httpd, provider.url, [pace]);
      },
      async (httpd) => measure(await subjectsOf(httpd, plain, portkey), provider, context),
    );
  },
};

async function subjectsOf(httpd: Httpd, plain: PlainServer, portkey: Portkey): Promise<Subject[]> {
  const engine = (await httpd.engine()).pid;
  const children = httpd.children().map(({ pid }) => pid);
  const plainFront = {
    name: 'plain server',
    port: plain.port,
    header: ['x-writer', /^plain$/] as const,
  };
  const header = ['x-portkey-provider', /^openai$/] as const;
  const portkeyFront = { name: 'Portkey', port: portkey.port, header };
  return [
    { ...ownFront(httpd), cpu: () => childrenCpu(httpd.pid, children) + processCpu(engine) },
    { ...pageFront(plainFront, modelPath), cpu: () => processCpu(plain.pid) },
    { ...eventsFront(portkeyFront, portkey.headers), cpu: () => processCpu(portkey.pid) },
  ];
}

async function measure(
  subjects: readonly Subject[],
  provider: TokenProvider,
  { quick, say }: SuiteContext,
): Promise<SuiteReport> {
  const numbers = new Numbers();
  for (const subject of subjects) await verifyFront(subject, pace, provider, numbers);
  const load = async (subject: Subject, seconds: number): Promise<Sample> => {
    const before = subject.cpu();
    const asked = visitorsOf(subject, pace, 'own');
    const first = numbers.take(seconds * pagesMax);
    const { visits } = await sendVisitors({ ...asked, visitors, first, seconds, loop: true });
    const used = subject.cpu() - before;
    assertRight(subject.name, visits);
    await provider.forget();
    // What the last visitors left behind is over before the next subject's turn.
    await sleep(100);
    const times = visits.map(({ begun, end }) => (end - begun) / 1e6);
    return {
      perSecond: visits.length / seconds,
      cpu: used / visits.length,
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
    };
  };
  say('warming up');
  await interleave(subjects, quick ? 1 : 2, (subject) => load(subject, quick ? 1 : 2));
  const rounds = quick ? 3 : 11;
  const samples = await interleave(subjects, rounds, async (subject, round) => {
    const sample = await load(subject, quick ? 1 : 2);
    say(`round ${round + 1}/${rounds}: ${subject.name}: ${whole(sample.perSecond)} pages/s`);
    return sample;
  });
  return report(samples);
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): SuiteReport {
  const list = (name: string, field: keyof Sample) =>
    (samples.get(name) ?? []).map((sample) => sample[field]);
  const figures: Table = {
    caption: 'Median (least–greatest) of the rounds',
    columns: ['', 'pages/s', 'CPU µs/page', 'whole page: p50 ms', 'p99 ms'],
    rows: [...samples.keys()].map((name) => [
      name,
      spread(list(name, 'perSecond'), whole),
      spread(list(name, 'cpu'), whole),
      middle(list(name, 'p50'), twoPlaces),
      middle(list(name, 'p99'), twoPlaces),
    ]),
  };
  const peers = Object.entries(targets).map(([name, wanted]) => ({
    name,
    wanted,
    rates: list(ours, 'perSecond').map((own, at) => own / (list(name, 'perSecond')[at] ?? 0)),
    cpu: list(ours, 'cpu').map((own, at) => (list(name, 'cpu')[at] ?? 0) / own),
  }));
  const ratios: Table = {
    caption: 'Our pages against each peer, round by round: above 1, ours is the better one',
    columns: ['against', 'pages/s', "the peer's CPU / ours"],
    rows: peers.map(({ name, rates, cpu }) => [
      name,
      spread(rates, twoPlaces),
      spread(cpu, twoPlaces),
    ]),
  };
  const reached = peers.map(({ name, wanted, rates }): Target => {
    return {
      what: `cold pages, pages/s against ${name}`,
      wanted: `≥ ${twoPlaces(wanted)}`,
      got: spread(rates, twoPlaces),
      met: quantile(rates, 0.5) >= wanted,
    };
  });
  return { tables: [figures, ratios], targets: reached, samples: toColumns(samples) };
}
