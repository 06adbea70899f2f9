import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Httpd } from '../../test/harness/httpd.ts';
import { visitorsOf } from '../fronts.ts';
import { Numbers } from '../numbers.ts';
import { configurePages, configureThreads, ownFront } from '../own-pages.ts';
import { TokenProvider } from '../provider/token-provider.ts';
import { modelOf } from '../provider/tokens.ts';
import { withHttpd } from '../server.ts';
import type { SuiteReport } from '../suite.ts';
import { sendVisitors, type Visit } from '../visitors/visitors.ts';
import { formPage, makeKinds, quick, slow } from './kinds.ts';
import { Load } from './load.ts';
import { type Minute, reportSoak } from './report.ts';
import type { SoakSize } from './size.ts';
import { lookAt, type Usage } from './usage.ts';

/** Seconds between two looks at the processes. */
const lookSeconds = 5;
/** Full before the first minutes are over: from then on old pages make room for new ones. */
const sharedMemory = '8M';
const ttlSeconds = 30;

/** Runs the soak; says what was wrong with answers, if anything was. */
export async function soak(size: SoakSize, say: (text: string) => void): Promise<SuiteReport> {
  await using provider = await TokenProvider.start();
  return await withHttpd(
    (httpd) => configure(httpd, provider.url),
    (httpd) => load(httpd, provider, size, say),
  );
}

function configure(httpd: Httpd, provider: string): void {
  configureThreads(httpd, { children: 2, threads: 64 });
  configurePages(httpd, provider, [quick, slow]);
  httpd.site.write(formPage, `---\nmodel: ${modelOf(quick)}\n---\nWrite page {{ form.n }}.\n`);
  httpd.config.lines(
    ...[`MuseAiSharedMemory ${sharedMemory}`, `MuseAiCacheTTL ${ttlSeconds}`],
    // No address reaches it; each request is counted all the same.
    ...['MuseAiRateLimitEnable On', 'MuseAiRateLimitRPM 10000', 'MuseAiRateLimitBurstSize 10000'],
  );
}

async function load(
  httpd: Httpd,
  provider: TokenProvider,
  size: SoakSize,
  say: (text: string) => void,
): Promise<SuiteReport> {
  const numbers = new Numbers();
  // For each address: whoever has to wait does not open more and more of them.
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const requests = new Load(makeKinds(httpd, agent, numbers), size.perSecond);
  const seconds = size.minutes * 60;
  const visitors = stream(httpd, size, numbers);
  const usage: Usage[] = [];
  const minutes: Minute[] = [];
  requests.start();
  const begun = performance.now();
  const passed = () => (performance.now() - begun) / 1000;
  for (let at = lookSeconds; at <= seconds; at += lookSeconds) {
    await sleep(Math.max(0, at - passed()) * 1000);
    usage.push(lookAt(httpd, passed()));
    if (at % 60 !== 0) continue;
    // Whoever counts calls keeps each of them.
    await provider.forget();
    minutes.push({ at: at / 60, times: requests.takeTimes() });
    const { total, httpdFiles, engineFiles } = usage.at(-1) ?? lookAt(httpd, passed());
    say(
      `minute ${at / 60}: ${requests.sent} requests, ${requests.failed} failed, ` +
        `${Math.round(total / 2 ** 20)} MB, ${httpdFiles + engineFiles} descriptors`,
    );
  }
  await requests.stop();
  agent.destroy();
  const visits = await visitors;
  for (const problem of requests.problems) say(problem);
  return reportSoak(size, usage, minutes, requests, visits);
}

/** Visitors who read slow pages, each a new one after the other. */
async function stream(
  httpd: Httpd,
  { minutes, streams }: SoakSize,
  numbers: Numbers,
): Promise<readonly Visit[]> {
  const { visits } = await sendVisitors({
    ...visitorsOf(ownFront(httpd), slow, 'own'),
    visitors: streams,
    first: numbers.take(streams * minutes * 60),
    rate: Math.ceil(streams / 20),
    seconds: minutes * 60,
    loop: true,
  });
  // The last page of each was under way when the time was up.
  return visits.filter(({ verdict }) => verdict !== 'unfinished');
}
