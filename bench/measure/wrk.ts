import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const script = join(import.meta.dirname, 'wrk.lua');

const output = z.object({
  requests: z.number(),
  us: z.number(),
  bytes: z.number(),
  p50: z.number(),
  p99: z.number(),
  errors: z.record(z.string(), z.number()),
});

export interface Load {
  readonly seconds: number;
  readonly connections: number;
  /**
   * Whether a few connections may be closed under a request: httpd closes those that it keeps open
   * when it runs short of threads, and wrk, unlike browsers, does not ask again.
   */
  readonly mayClose?: boolean;
}

/** Of how many requests one may meet a closed connection then. */
const closedOneOf = 1000;

export interface WrkResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Bytes of an answer, head and all. */
  readonly answerBytes: number;
  /** Latencies in microseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Loads a URL with wrk, in one thread. Rejects when a single request failed. */
export async function runWrk(url: string, load: Load): Promise<WrkResult> {
  const { stdout } = await promisify(execFile)('wrk', [
    ...['-t1', `-c${load.connections}`, `-d${load.seconds}s`, '--timeout', '5s'],
    ...['-s', script, url],
  ]);
  const line = stdout.split('\n').find((each) => each.startsWith('JSON '));
  if (line === undefined) throw new Error(`wrk said nothing of use about ${url}:\n${stdout}`);
  const { requests, us, bytes, p50, p99, errors } = output.parse(JSON.parse(line.slice(5)));
  const closed = load.mayClose === true && (errors.read ?? 0) * closedOneOf <= requests;
  const faults = Object.entries(errors).filter(([kind]) => !(closed && kind === 'read'));
  if (requests === 0 || faults.some(([, count]) => count > 0)) {
    throw new Error(`wrk met errors at ${url}: ${line}`);
  }
  return { requests, perSecond: requests / (us / 1e6), answerBytes: bytes / requests, p50, p99 };
}
