import { setTimeout as sleep } from 'node:timers/promises';
import type { Httpd } from '../../test/harness/httpd.ts';
import { visitorsOf } from '../fronts.ts';
import { memoryOf } from '../measure/memory.ts';
import { quantile } from '../measure/statistics.ts';
import { runWrk } from '../measure/wrk.ts';
import { durationOf, spreadOf } from '../provider/tokens.ts';
import { whole } from '../report/figures.ts';
import { type Point, percentiles } from '../report/points.ts';
import type { SuiteContext } from '../suite.ts';
import { countVerdict, sendVisitors, type Visits } from '../visitors/visitors.ts';
import type { ServerFigures, Streams, StreamsOf } from './streams-crowd.ts';

/** How many visitors come in a second. */
const rate = 1500;
/** Milliseconds without anybody new after which the rest is not waited for. */
const stalledMs = 5000;
const lookMs = 100;
/** Seconds that streams may take beyond their own time. */
const patience = 15;
const staticLoad = { seconds: 2, connections: 16, mayClose: true };

/** Lets the crowd come, wait, and have its streams. */
export async function runCrowd(crowd: StreamsOf, { say }: SuiteContext): Promise<Streams> {
  const { name, count, gate, httpd, pace } = crowd;
  const watch = httpd && (await ServerWatch.start(httpd));
  await gate.hold();
  const stop = new AbortController();
  const visits = come(crowd, stop.signal);
  try {
    const waiting = await gather(crowd, watch);
    await watch?.whileWaiting();
    await gate.go();
    const [spread, duration] = [spreadOf(pace), durationOf(pace)];
    const limit = setTimeout(() => stop.abort(), spread + duration + patience * 1000);
    // By then all have begun, and none is over yet.
    await sleep((spread + duration) / 2);
    await watch?.whileStreaming();
    const came = await visits;
    clearTimeout(limit);
    const server = await watch?.end();
    const right = countVerdict(came.visits, 'right');
    const figures = summarise(crowd, came, waiting, server);
    say(
      `${name}: ${whole(waiting)} of ${whole(count)} waited, ${whole(right)} right, ` +
        `delay ${figures.p50.toFixed(2)} ms, p99 ${figures.p99.toFixed(2)} ms`,
    );
    return figures;
  } finally {
    stop.abort();
    await gate.go();
    await visits.catch(() => undefined);
    // Who was sent away leaves the server with work that is still to end.
    await sleep(1000);
  }
}

function come(crowd: StreamsOf, signal: AbortSignal): Promise<Visits> {
  const { front, pace, numbers, count, shared } = crowd;
  const first = numbers.take(count);
  const asked = visitorsOf(front, pace, shared === true ? first : 'own');
  const visits = sendVisitors(
    // They are stopped by the signal; this is for when nobody is left to give it.
    { ...asked, visitors: count, first, rate, seconds: 240, delays: true },
    signal,
  );
  // Looked at later, which must not make a failure an unhandled one.
  visits.catch(() => undefined);
  return visits;
}

/** Waits until all are there, or nobody comes any more; returns how many there are. */
async function gather(crowd: StreamsOf, watch: ServerWatch | undefined): Promise<number> {
  const { count } = crowd;
  const asked = counter(crowd);
  let there = 0;
  let since = performance.now();
  while (there < count && performance.now() - since < stalledMs) {
    await sleep(lookMs);
    const now = await asked();
    if (now > there) since = performance.now();
    there = now;
    watch?.note(there);
  }
  return there;
}

/** Tells how many wait. Who shares a page asks the provider for nothing, but has the engine's ear. */
function counter({ gate, httpd, shared }: StreamsOf): () => Promise<number> {
  if (shared !== true || httpd === undefined) return () => gate.asked();
  return async () => httpd.engineConnections().length;
}

/** What httpd needs at each stage. */
class ServerWatch {
  readonly #httpd: Httpd;
  readonly #engine: number;
  readonly #children: readonly number[];
  readonly #growth: Point[] = [];
  readonly #alone: number[] = [];
  #memory = { idle: 0, waiting: 0, streaming: 0 };
  #engineMemory = { idle: 0, waiting: 0, streaming: 0 };
  #staticWaiting = 0;

  private constructor(httpd: Httpd, engine: number) {
    this.#httpd = httpd;
    this.#engine = engine;
    this.#children = httpd.children().map(({ pid }) => pid);
  }

  /** Before anybody has come. */
  static async start(httpd: Httpd): Promise<ServerWatch> {
    const watch = new ServerWatch(httpd, (await httpd.engine()).pid);
    watch.#alone.push(await watch.#staticRate());
    watch.#look('idle');
    watch.note(0);
    return watch;
  }

  note(streams: number): void {
    this.#growth.push([streams, memoryOf(this.#children) / 2 ** 20]);
  }

  async whileWaiting(): Promise<void> {
    this.#look('waiting');
    this.#staticWaiting = await this.#staticRate();
  }

  async whileStreaming(): Promise<void> {
    this.#look('streaming');
  }

  async end(): Promise<ServerFigures> {
    this.#alone.push(await this.#staticRate());
    return {
      memory: this.#memory,
      engine: this.#engineMemory,
      growth: this.#growth,
      staticAlone: this.#alone,
      staticWaiting: this.#staticWaiting,
    };
  }

  #look(stage: 'idle' | 'waiting' | 'streaming'): void {
    this.#memory[stage] = memoryOf(this.#children);
    this.#engineMemory[stage] = memoryOf([this.#engine]);
  }

  /** Static files a second; 0 when a single one did not come: then the server is out of reach. */
  async #staticRate(): Promise<number> {
    try {
      return (await runWrk(`${this.#httpd.url}/static.html`, staticLoad)).perSecond;
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('wrk met errors')) return 0;
      throw error;
    }
  }
}

function summarise(
  { name, count }: StreamsOf,
  { visits }: Visits,
  waiting: number,
  server: ServerFigures | undefined,
): Streams {
  const all = visits.flatMap(({ delays }) => delays.map((us) => us / 1000));
  const firsts = visits.flatMap(({ delays: [us] }) => (us === undefined ? [] : [us / 1000]));
  const at = (q: number) => (all.length === 0 ? Number.NaN : quantile(all, q));
  return {
    name,
    count,
    waiting,
    right: countVerdict(visits, 'right'),
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    firstP99: firsts.length === 0 ? Number.NaN : quantile(firsts, 0.99),
    delays: percentiles(all),
    server,
  };
}
