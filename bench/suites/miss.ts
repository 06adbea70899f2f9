import type { Httpd } from '../../test/harness/httpd.ts';
import { processCpu } from '../measure/cpu.ts';
import { interleave } from '../measure/rounds.ts';
import { quantile } from '../measure/statistics.ts';
import { startPlainServer } from '../peers/plain.ts';
import { ProviderProcess } from '../provider/client.ts';
import { modelsFile } from '../provider/models.ts';
import { toColumns } from '../report/columns.ts';
import { twoPlaces } from '../report/figures.ts';
import { withHttpd } from '../server.ts';
import type { Suite, SuiteContext, SuiteReport, Table, Target } from '../suite.ts';
import { MissClient, type Sample } from './miss-client.ts';

/** Milliseconds that may be added to the first byte. */
const targets = { median: 1, p99: 1.5 } as const;
/** How the provider writes, by the name of the model. */
const paces = {
  steady: { writes: 'page-256-word,delay-1', told: '30 words, 1 ms apart' },
  burst: { writes: 'page-2048-word', told: '390 words, all at once' },
} as const;
type Pace = keyof typeof paces;
const names = Object.keys(paces) as readonly Pace[];

const ways = ['provider alone', 'through httpd', 'plain server'] as const;
type Way = (typeof ways)[number];

interface Subject {
  readonly name: string;
  readonly pace: Pace;
  readonly way: Way;
}

export const miss: Suite = {
  name: 'miss',
  title: 'A page that has to be written',
  method: [
    'The scripted provider, a process of its own, begins to answer at once. A cold page through ' +
      'httpd and the engine is asked for in turn with the same completion straight from the ' +
      'provider, and with the same page from the plain Node.js server (see "Cold pages"), one ' +
      'request at a time, from one Node.js client with keep-alive for all. Every page has a query ' +
      'of its own, so that none is found in a cache.',
    'Timed from sending the request to the first byte of the page, or to the first piece of ' +
      'content in the event stream, and to the end of either. What is added is the difference of ' +
      'the medians (or of the 99th percentiles). A burst shows what a word costs when nothing ' +
      'else is waited for; a model is never that fast.',
  ],

  async run(context) {
    await using provider = await ProviderProcess.start();
    await using plain = await startPlainServer(provider.url);
    const plainUrl = `http://127.0.0.1:${plain.port}`;
    const models = Object.fromEntries(names.map((pace) => [pace, paces[pace].writes]));
    // Awaited here: the provider is to live as long as httpd.
    return await withHttpd(
      (httpd) => {
        httpd.config.muse({ models: modelsFile(provider.url, models) });
        httpd.config.section('Directory', httpd.site.root, 'MuseAiEnable On');
        for (const pace of names) {
          httpd.site.write(`${pace}.ai`, `---\nmodel: ${pace}\n---\nWrite page {{ query.n }}.\n`);
        }
      },
      (httpd) => measure(httpd, new MissClient(httpd, provider, plainUrl), context),
    );
  },
};

async function measure(
  httpd: Httpd,
  missClient: MissClient,
  { quick, say }: SuiteContext,
): Promise<SuiteReport> {
  using client = missClient;
  for (const pace of names) await client.learn(pace);
  const subjects: Subject[] = names.flatMap((pace) =>
    ways.map((way) => ({ name: `${pace}: ${way}`, pace, way })),
  );
  const ask = ({ pace, way }: Subject) => {
    if (way === 'plain server') return client.askPlain(paces[pace].writes);
    return way === 'through httpd' ? client.askHttpd(pace) : client.askProvider(pace);
  };
  const rounds = quick ? 50 : 500;
  say('warming up');
  await interleave(subjects, quick ? 50 : 250, ask);
  say(`${rounds} requests of each`);
  const engine = (await httpd.engine()).pid;
  const before = processCpu(engine);
  const samples = await interleave(subjects, rounds, ask);
  const pages = rounds * names.length;
  return report(samples, (processCpu(engine) - before) / pages / 1000);
}

const columns = [
  ['first', 0.5],
  ['first', 0.99],
  ['end', 0.5],
  ['end', 0.99],
] as const;

function report(samples: ReadonlyMap<string, readonly Sample[]>, engineCpuMs: number): SuiteReport {
  const figure = (pace: Pace, way: Way, what: keyof Sample, q: number) =>
    quantile(
      (samples.get(`${pace}: ${way}`) ?? []).map((one) => one[what]),
      q,
    );
  const added = (pace: Pace, way: Way, what: keyof Sample, q: number) =>
    figure(pace, way, what, q) - figure(pace, 'provider alone', what, q);
  const row = (name: string, of: (what: keyof Sample, q: number) => number) => [
    name,
    ...columns.map(([what, q]) => twoPlaces(of(what, q))),
  ];
  const tables = names.map((pace): Table => {
    const count = samples.get(`${pace}: through httpd`)?.length ?? 0;
    return {
      caption: `${paces[pace].told}: milliseconds, ${count} requests of each`,
      columns: ['', 'first byte: median', 'p99', 'end: median', 'p99'],
      rows: [
        ...ways.map((way) => row(way, (what, q) => figure(pace, way, what, q))),
        ...(['through httpd', 'plain server'] as const).map((way) =>
          row(`added ${way === 'plain server' ? 'by the plain server' : way}`, (what, q) =>
            added(pace, way, what, q),
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
  const firstByte = added('steady', 'through httpd', 'first', 0.5);
  const firstByteP99 = added('steady', 'through httpd', 'first', 0.99);
  const plain = added('steady', 'plain server', 'first', 0.5);
  const target = (what: string, got: number, wanted: string, met: boolean): Target => ({
    what: `cold page, added to the first byte, ${what}`,
    wanted,
    got: `${twoPlaces(got)} ms`,
    met,
  });
  return {
    tables: [...tables, cpu],
    targets: [
      target('median', firstByte, `≤ ${twoPlaces(targets.median)} ms`, firstByte <= targets.median),
      target(
        'median against the plain server',
        firstByte,
        `< ${twoPlaces(plain)} ms`,
        firstByte < plain,
      ),
      target('p99', firstByteP99, `≤ ${twoPlaces(targets.p99)} ms`, firstByteP99 <= targets.p99),
    ],
    samples: { engineCpuMs, ...toColumns(samples) },
  };
}
