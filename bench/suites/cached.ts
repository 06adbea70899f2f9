import type { Httpd } from '../../test/harness/httpd.ts';
import { childrenCpu } from '../measure/cpu.ts';
import { interleave } from '../measure/rounds.ts';
import { runWrk, type WrkResult } from '../measure/wrk.ts';
import { ProviderProcess } from '../provider/client.ts';
import { modelsFile } from '../provider/models.ts';
import { toColumns } from '../report/columns.ts';
import { middle, onePlace, spread, twoPlaces, whole } from '../report/figures.ts';
import { withHttpd } from '../server.ts';
import type { Suite, SuiteContext, SuiteReport, Table, Target } from '../suite.ts';
import { configurePeers, type Peer, peers, preparePeers, subject } from './cached-peers.ts';
import { verifySubject } from './cached-verify.ts';

const pageBytes = 10_240;
const ttl = 86_400;

interface Sample extends WrkResult {
  /** CPU time of httpd's children, microseconds for each request. */
  readonly cpu: number;
}

export const cached: Suite = {
  name: 'cached',
  title: 'A cached page',
  method: [
    `A page of ${whole(pageBytes)} bytes is asked for with wrk (one thread, 32 keep-alive ` +
      'connections): our page, answered from the store, and others that send the same bytes from ' +
      'the same httpd (event MPM, 2 children of 64 threads, no access log).',
    '"bare handler" is a module written for this benchmark: a handler that does nothing but send ' +
      'the same headers and bytes from the memory of its process; it is the most that any ' +
      'module could reach. "static file" is httpd as it comes. "mod_cache_socache" keeps that ' +
      'static file in shmcb, with CacheQuickHandler Off, so that it too runs after access ' +
      'control and per-directory configuration; "mod_cache_socache, our page" has it in front of ' +
      'ours, whose Vary costs it a second look-up.',
    'Every subject is first checked for its bytes, and that it answers the way its name says. ' +
      'Then all are measured in turn, a second each, in 21 rounds; a ratio is of two measurements ' +
      'of one round, and its median is what counts. ' +
      'CPU is user and system time of all children of httpd, by the request: wrk shares the ' +
      'machine, so it is steadier than requests by the second.',
  ],

  async run(context) {
    await using provider = await ProviderProcess.start();
    const models = modelsFile(provider.url, { bench: `page-${pageBytes}-word` });
    // Awaited here: the provider is to live as long as httpd.
    return await withHttpd(
      (httpd) => {
        httpd.config.muse({ models, lines: [`MuseAiCacheTTL ${ttl}`] });
        configurePeers(httpd);
      },
      async (httpd) => measure(httpd, context),
    );
  },
};

async function measure(httpd: Httpd, { quick, say }: SuiteContext): Promise<SuiteReport> {
  const body = await preparePeers(httpd, pageBytes);
  const all = [subject, ...peers];
  const verify = async () => {
    for (const each of all) await verifySubject(httpd, each, body);
  };
  await verify();
  const load = { seconds: 1, connections: 32 };
  const rounds = quick ? 5 : 21;
  for (const { path } of all) await runWrk(httpd.url + path, { ...load, seconds: 1 });
  const samples = await interleave(all, rounds, async ({ name, path }, round) => {
    const sample = await sampleLoad(httpd, path, load);
    say(`round ${round + 1}/${rounds}: ${name}: ${whole(sample.perSecond)} requests/s`);
    return sample;
  });
  await verify();
  return report(samples);
}

async function sampleLoad(
  httpd: Httpd,
  path: string,
  load: { readonly seconds: number; readonly connections: number },
): Promise<Sample> {
  const used = () =>
    childrenCpu(
      httpd.pid,
      httpd.children().map(({ pid }) => pid),
    );
  const before = used();
  const result = await runWrk(httpd.url + path, load);
  return { ...result, cpu: (used() - before) / result.requests };
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): SuiteReport {
  const of = (name: string) => samples.get(name) ?? [];
  const figures: Table = {
    caption: 'Median (least–greatest) of the rounds',
    columns: ['', 'requests/s', 'CPU µs/request', 'p50 ms', 'p99 ms', 'bytes/answer'],
    rows: [...samples].map(([name, list]) => [
      name,
      spread(
        list.map((one) => one.perSecond),
        whole,
      ),
      spread(
        list.map((one) => one.cpu),
        onePlace,
      ),
      middle(
        list.map((one) => one.p50 / 1000),
        twoPlaces,
      ),
      middle(
        list.map((one) => one.p99 / 1000),
        twoPlaces,
      ),
      middle(
        list.map((one) => one.answerBytes),
        whole,
      ),
    ]),
  };
  const ours = of(subject.name);
  const ratios = (peer: Peer) => ({
    peer,
    requests: ours.map((one, round) => one.perSecond / (of(peer.name)[round]?.perSecond ?? 0)),
    cpu: ours.map((one, round) => (of(peer.name)[round]?.cpu ?? 0) / one.cpu),
  });
  const compared = peers.map(ratios);
  const ratioTable: Table = {
    caption: 'Our page against each peer, round by round: above 1, ours is the better one',
    columns: ['against', 'requests/s', "the peer's CPU / ours"],
    rows: compared.map(({ peer, requests, cpu }) => [
      peer.name,
      spread(requests, twoPlaces),
      spread(cpu, twoPlaces),
    ]),
  };
  const targets = compared.flatMap(({ peer, requests }): Target[] => {
    if (peer.target === undefined) return [];
    const median = Number(middle(requests, String));
    return [
      {
        what: `cached page, requests/s against ${peer.name}`,
        wanted: `≥ ${twoPlaces(peer.target)}`,
        got: spread(requests, twoPlaces),
        met: median >= peer.target,
      },
    ];
  });
  return { tables: [figures, ratioTable], targets, samples: toColumns(samples) };
}
