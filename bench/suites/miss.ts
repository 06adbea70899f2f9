import type { Httpd } from '../../test/harness/httpd.ts';
import { processCpu } from '../measure/cpu.ts';
import { interleave } from '../measure/rounds.ts';
import { quantile } from '../measure/statistics.ts';
import { ProviderProcess } from '../provider/client.ts';
import { modelsFile } from '../provider/models.ts';
import { toColumns } from '../report/columns.ts';
import { twoPlaces } from '../report/figures.ts';
import { withHttpd } from '../server.ts';
import type { Suite, SuiteContext, SuiteReport, Table } from '../suite.ts';
import { MissClient, type Sample } from './miss-client.ts';

const target = 1;
/** How the provider writes, by the name of the model. */
const paces = {
  steady: { writes: 'page-256-word,delay-1', told: '30 words, 1 ms apart' },
  burst: { writes: 'page-2048-word', told: '390 words, all at once' },
} as const;
type Pace = keyof typeof paces;
const names = Object.keys(paces) as readonly Pace[];

type Way = 'provider alone' | 'through httpd';

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
      'provider, one request at a time, from one Node.js client with keep-alive for both. Every ' +
      'page has a query of its own, so that none is found in a cache.',
    'Timed from sending the request to the first byte of the page, or to the first piece of ' +
      'content in the event stream, and to the end of either. What is added is the difference of ' +
      'the medians (or of the 99th percentiles). A burst shows what a word costs when nothing ' +
      'else is waited for; a model is never that fast.',
  ],

  async run(context) {
    await using provider = await ProviderProcess.start();
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
      (httpd) => measure(httpd, provider, context),
    );
  },
};

async function measure(
  httpd: Httpd,
  provider: ProviderProcess,
  { quick, say }: SuiteContext,
): Promise<SuiteReport> {
  using client = new MissClient(httpd, provider);
  for (const pace of names) await client.learn(pace);
  const subjects: Subject[] = names.flatMap((pace) =>
    (['provider alone', 'through httpd'] as const).map((way) => ({
      name: `${pace}: ${way}`,
      pace,
      way,
    })),
  );
  const ask = ({ pace, way }: Subject) =>
    way === 'through httpd' ? client.askHttpd(pace) : client.askProvider(pace);
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
  const added = (pace: Pace, what: keyof Sample, q: number) =>
    figure(pace, 'through httpd', what, q) - figure(pace, 'provider alone', what, q);
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
        row('provider alone', (what, q) => figure(pace, 'provider alone', what, q)),
        row('through httpd', (what, q) => figure(pace, 'through httpd', what, q)),
        row('added', (what, q) => added(pace, what, q)),
      ],
    };
  });
  const cpu: Table = {
    caption: 'CPU time of the engine, all of the above',
    columns: ['', 'ms/page'],
    rows: [['engine', twoPlaces(engineCpuMs)]],
  };
  const firstByte = added('steady', 'first', 0.5);
  return {
    tables: [...tables, cpu],
    targets: [
      {
        what: 'cold page, added to the first byte (median)',
        wanted: `≤ ${twoPlaces(target)} ms`,
        got: `${twoPlaces(firstByte)} ms`,
        met: firstByte <= target,
      },
    ],
    samples: { engineCpuMs, ...toColumns(samples) },
  };
}
