import type { Httpd } from '../../test/harness/httpd.ts';
import { type Front, modelPath, pageFront, verifyFront, visitorsOf } from '../fronts.ts';
import { interleave } from '../measure/rounds.ts';
import { quantile } from '../measure/statistics.ts';
import { Numbers } from '../numbers.ts';
import { configurePages, configureThreads, ownFront } from '../own-pages.ts';
import { findNginx, startNginx } from '../peers/nginx.ts';
import { startPlainServer } from '../peers/plain.ts';
import { TokenProvider } from '../provider/token-provider.ts';
import { durationOf } from '../provider/tokens.ts';
import { withHttpd } from '../server.ts';
import type { Suite, SuiteContext } from '../suite.ts';
import { countVerdict, sendVisitors } from '../visitors/visitors.ts';
import { reportStampede, type Stampede, type StampedeSubject } from './stampede-report.ts';

const paces = {
  short: { tokens: 21, everyMs: 100, firstMs: 1000 },
  long: { tokens: 15, everyMs: 500, firstMs: 1000 },
} as const;
/** How much longer than the page the last visitor may take, in seconds. */
const patience = 15;

interface Subject extends StampedeSubject {
  readonly front: Front;
}

export const stampede: Suite = {
  name: 'stampede',
  title: 'A thousand visitors of one cold page',
  method: [
    '1,000 visitors ask at once for a page that nobody has asked for before. The provider sends its ' +
      'first token after a second; the short page takes 3 s, the long one 8 s. Counted is how many ' +
      'completions the provider was asked for; timed is the first byte of the page at each visitor, ' +
      'from when the provider sent the first token of the first completion.',
    'httpd has 2 children of 64 threads. "NGINX" has `proxy_cache` and `proxy_cache_lock on` in ' +
      'front of the plain server, all else as NGINX has it (`proxy_cache_lock_timeout 5s`); "plain ' +
      'server" is asked without anything in front. Every page is compared byte by byte. Whoever has ' +
      `no whole page ${patience} s after the page could have been there is counted as without.`,
  ],

  check: () => void findNginx(),

  async run(context) {
    await using provider = await TokenProvider.start();
    await using plain = await startPlainServer(provider.url);
    await using nginx = await startNginx(plain.port);
    const ports = { plain: plain.port, nginx: nginx.port };
    // Awaited here: the others are to live as long as httpd.
    return await withHttpd(
      (httpd) => {
        configureThreads(httpd, { children: 2, threads: 64 });
        configurePages(httpd, provider.url, Object.values(paces));
      },
      (httpd) => measure(subjectsOf(httpd, ports), provider, context),
    );
  },
};

function subjectsOf(httpd: Httpd, ports: { plain: number; nginx: number }): Subject[] {
  const own = ownFront(httpd);
  const plain = pageFront(
    { name: 'plain server', port: ports.plain, header: ['x-writer', /^plain$/] },
    modelPath,
  );
  const nginx = pageFront(
    { name: 'NGINX', port: ports.nginx, header: ['x-cache', /^MISS$/] },
    modelPath,
  );
  const subject = (front: Front, page: keyof typeof paces): Subject => ({
    name: `${front.name}, ${page} page`,
    isOurs: front === own,
    page,
    front,
  });
  return [
    ...[own, plain, nginx].map((front) => subject(front, 'short')),
    ...[own, nginx].map((front) => subject(front, 'long')),
  ];
}

async function measure(
  subjects: readonly Subject[],
  provider: TokenProvider,
  { quick, say }: SuiteContext,
) {
  const numbers = new Numbers();
  const visitors = quick ? 200 : 1000;
  for (const { front } of subjects) {
    await verifyFront(front, { tokens: 21, everyMs: 100, firstMs: 1000 }, provider, numbers);
  }
  const chosen = quick ? subjects.filter(({ page }) => page === 'short') : subjects;
  const rounds = quick ? 1 : 3;
  const samples = await interleave(chosen, rounds, async ({ name, front, page }, round) => {
    say(`round ${round + 1}/${rounds}: ${name}`);
    return await storm(front, paces[page], provider, numbers.take(1), visitors);
  });
  return reportStampede(chosen, samples, visitors);
}

/** Sends all visitors to the page with that number. */
async function storm(
  front: Front,
  pace: (typeof paces)[keyof typeof paces],
  provider: TokenProvider,
  id: number,
  visitors: number,
): Promise<Stampede> {
  await provider.forget();
  const asked = visitorsOf(front, pace, id);
  const seconds = Math.ceil(durationOf(pace) / 1000) + patience;
  const { visits } = await sendVisitors({ ...asked, visitors, first: 1, seconds });
  const { asked: calls, firsts } = await provider.tally();
  const first = Math.min(...firsts);
  const times = visits
    .filter((visit) => visit.first > 0)
    .map((visit) => (visit.first - first) / 1e6);
  return {
    calls,
    without: visits.length - countVerdict(visits, 'right'),
    firstBytes: times.toSorted((a, b) => a - b),
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
  };
}
