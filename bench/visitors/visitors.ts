import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { compile } from '../compile.ts';

/** Seconds that the program may take beyond its own time before it is ended. */
const graceSeconds = 15;

export type Verdict = 'right' | 'wrong' | 'cut' | 'unfinished';

/** What one visitor saw. All times are nanoseconds of the monotonic clock; 0: it never came. */
export interface Visit {
  readonly id: number;
  readonly verdict: Verdict;
  readonly status: number;
  readonly begun: number;
  /** The request was sent: later than `begun` where a connection had to be made. */
  readonly asked: number;
  /** The first byte of the body. */
  readonly first: number;
  readonly end: number;
  readonly bytes: number;
  /** For each stamp in the body, microseconds until it was here. */
  readonly delays: readonly number[];
}

export interface Visitors {
  readonly port: number;
  /** The request; `@@@@@@@@` stands for the visitor's number. */
  readonly request: string;
  /** The body that has to come, `#` for the digits of stamps; see answer.h. */
  readonly expected: string;
  /** How many at the same time. */
  readonly visitors: number;
  /** The number of the first one; they count on from there. */
  readonly first: number;
  /** How many arrive in a second; all at once unless said. */
  readonly rate?: number;
  /** When to stop at the latest. */
  readonly seconds: number;
  /** Whether a visitor whose page is there comes again, with a new number, until the time is up. */
  readonly loop?: boolean;
  /** Look for tokens only, whatever is around them. */
  readonly scan?: boolean;
  readonly delays?: boolean;
}

export interface Visits {
  readonly visits: readonly Visit[];
  /** CPU time that the visitors themselves used, microseconds. */
  readonly cpu: number;
}

/** Sends visitors, and returns what each of them saw. `signal` ends their time at once. */
export async function sendVisitors(asked: Visitors, signal?: AbortSignal): Promise<Visits> {
  const folder = mkdtempSync(join(tmpdir(), 'muse-visitors-'));
  try {
    const request = join(folder, 'request');
    const expected = join(folder, 'expected');
    writeFileSync(request, asked.request);
    writeFileSync(expected, asked.expected);
    const names = ['visitors', 'first', 'rate', 'seconds', 'loop', 'scan', 'delays'] as const;
    const options = names.map((name) => `${name}=${Number(asked[name] ?? 0)}`);
    return await run([String(asked.port), request, expected, ...options], asked.seconds, signal);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(
  args: readonly string[],
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<Visits> {
  const child = spawn(buildVisitors(), args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: (seconds + graceSeconds) * 1000,
    killSignal: 'SIGKILL',
  });
  const stop = () => child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const ended = once(child, 'close');
    const visits: Visit[] = [];
    let cpu = Number.NaN;
    for await (const line of createInterface({ input: child.stdout })) {
      const [kind, ...fields] = line.split(' ');
      if (kind === 'page') visits.push(readVisit(fields));
      else cpu = Number(fields[0]);
    }
    const [code, killedBy] = await ended;
    if (code !== 0) throw new Error(`the visitors ended with ${code ?? killedBy}`);
    return { visits, cpu };
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function readVisit(fields: readonly string[]): Visit {
  const [id, verdict, ...rest] = fields;
  const [status = 0, begun = 0, asked = 0, first = 0, end = 0, bytes = 0, ...delays] =
    rest.map(Number);
  const times = { begun, asked, first, end };
  return { id: Number(id), verdict: verdict as Verdict, status, ...times, bytes, delays };
}

function buildVisitors(): string {
  const files = ['main.c', 'answer.c', 'answer.h'].map((name) => join(import.meta.dirname, name));
  return compile('visitors', files, () => ['cc']);
}

/** How many visits came to that end. */
export function countVerdict(visits: readonly Visit[], verdict: Verdict): number {
  return visits.filter((visit) => visit.verdict === verdict).length;
}

/** Throws unless every visit was right. */
export function assertRight(what: string, visits: readonly Visit[]): void {
  const wrong = visits.find(({ verdict }) => verdict !== 'right');
  if (visits.length > 0 && wrong === undefined) return;
  throw new Error(
    `${what}: of ${visits.length} pages, ${countVerdict(visits, 'right')} were whole and right; ` +
      `one of the others: ${JSON.stringify(wrong)}`,
  );
}
