import { Agent } from 'node:http';
import type { Result } from '../../test/harness/exchange.ts';
import { openHttp1 } from '../../test/harness/http1.ts';
import type { Httpd } from '../../test/harness/httpd.ts';
import { interleave } from '../measure/rounds.ts';
import { quantile } from '../measure/statistics.ts';
import { ProviderProcess, type ProviderRequest } from '../provider/client.ts';
import { modelsFile } from '../provider/models.ts';
import { twoPlaces } from '../report/figures.ts';
import { withHttpd } from '../server.ts';
import type { Suite, SuiteContext, SuiteReport } from '../suite.ts';

const target = 1;
const writes = 'page-2048-word';

/** Milliseconds since the request was sent. */
interface Sample {
  readonly first: number;
  readonly end: number;
}

export const miss: Suite = {
  name: 'miss',
  title: 'A page that has to be written',
  method: [
    'The scripted provider answers at once and without pauses (a page of 2,048 bytes in words). A ' +
      'cold page, through httpd and the engine, is asked for in turn with the same completion ' +
      'straight from the provider, one request at a time, from one Node.js client with keep-alive ' +
      'for both. Every page has a query of its own, so none is found in a cache.',
    'Timed from sending the request to the first byte of the page, or to the first piece of ' +
      'content in the event stream, and to the end of either. What is added is the difference of ' +
      'the medians; the provider is a process of its own.',
  ],

  async run(context) {
    await using provider = await ProviderProcess.start();
    // Awaited here: the provider is to live as long as httpd.
    return await withHttpd(
      (httpd) => {
        httpd.config.muse({ models: modelsFile(provider.url, writes) });
        httpd.config.section('Directory', httpd.site.root, 'MuseAiEnable On');
        httpd.site.write('page.ai', 'Write page {{ query.n }}.\n');
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
  using agents = keepAlive();
  let page = 0;
  const throughHttpd = async () => {
    page += 1;
    const options = { agent: agents.httpd };
    return checked(await httpd.get(`/page.ai?n=${page}`, options), () => true);
  };
  await throughHttpd();
  const request = await provider.lastRequest();
  const direct = async () => checked(await ask(provider, request, agents.provider), hasContent);
  const subjects = [
    { name: 'provider alone', run: direct },
    { name: 'through httpd', run: throughHttpd },
  ];
  const rounds = quick ? 100 : 1000;
  say('warming up');
  await interleave(subjects, 50, ({ run }) => run());
  say(`${rounds} requests of each`);
  return report(await interleave(subjects, rounds, ({ run }) => run()));
}

function keepAlive() {
  const agents = {
    httpd: new Agent({ keepAlive: true, maxSockets: 1 }),
    provider: new Agent({ keepAlive: true, maxSockets: 1 }),
  };
  const close = () => {
    agents.httpd.destroy();
    agents.provider.destroy();
  };
  return { ...agents, [Symbol.dispose]: close };
}

/** Asks the provider what the engine asked it. */
function ask(provider: ProviderProcess, request: ProviderRequest, agent: Agent): Promise<Result> {
  const { 'content-length': _length, connection: _connection, ...headers } = request.headers;
  const length = { 'content-length': String(Buffer.byteLength(request.body)) };
  return openHttp1(new URL(request.path, provider.url).href, {
    method: 'POST',
    headers: { ...headers, ...length },
    body: request.body,
    agent,
  }).done;
}

const hasContent = (text: string): boolean => /"content":"[^"]/.test(text);

/** When the answer's first piece came that `counts`. Throws for anything but a whole 200. */
function checked(answer: Result, counts: (text: string) => boolean): Sample {
  const first = answer.pieces.find(({ bytes }) => counts(bytes.toString('latin1')));
  if (answer.status !== 200 || !answer.complete || first === undefined) {
    throw new Error(
      `an answer was not whole (status ${answer.status}, ${answer.body.length} bytes, ` +
        `complete: ${answer.complete}): ${answer.text.slice(0, 200)}`,
    );
  }
  return { first: first.at, end: answer.endAt };
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): SuiteReport {
  const figure = (name: string, what: keyof Sample, q: number) =>
    quantile(
      (samples.get(name) ?? []).map((one) => one[what]),
      q,
    );
  const columns = [
    ['first', 0.5],
    ['first', 0.99],
    ['end', 0.5],
    ['end', 0.99],
  ] as const;
  const row = (of: (what: keyof Sample, q: number) => number) =>
    columns.map(([what, q]) => twoPlaces(of(what, q)));
  const added = (what: keyof Sample, q: number) =>
    figure('through httpd', what, q) - figure('provider alone', what, q);
  const count = samples.get('through httpd')?.length ?? 0;
  return {
    tables: [
      {
        caption: `Milliseconds, ${count} requests of each`,
        columns: ['', 'first byte: median', 'p99', 'end: median', 'p99'],
        rows: [
          ...[...samples.keys()].map((name) => [name, ...row((what, q) => figure(name, what, q))]),
          ['added', ...row(added)],
        ],
      },
    ],
    targets: [
      {
        what: 'cold page, added to the first byte (median)',
        wanted: `≤ ${twoPlaces(target)} ms`,
        got: `${twoPlaces(added('first', 0.5))} ms`,
        met: added('first', 0.5) <= target,
      },
    ],
    samples: Object.fromEntries(samples),
  };
}
