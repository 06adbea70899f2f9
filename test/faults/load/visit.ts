/** One request, from its first byte to its end, and what became of it. */

import type { Agent } from 'node:http';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exchange, Result } from '../../harness/exchange.ts';
import { KeptConnectionClosed, type RequestOptions } from '../../harness/http1.ts';
import type { Stage } from '../stage.ts';
import { longestMs } from '../timers.ts';
import { type Case, judge, type Verdict } from './judge.ts';
import type { Kind } from './kinds.ts';
import type { RequestRecord } from './record.ts';
import type { Victims } from './victims.ts';

export interface VisitOptions {
  readonly stage: Stage;
  readonly victims: Victims;
  readonly kind: Kind;
  readonly id: string;
  /** For kinds that keep their connections. */
  readonly agent: Agent | undefined;
  /** When somebody who leaves does so. */
  readonly patienceMs: number;
}

interface Attempt {
  readonly exchange: Exchange;
  readonly ports: Set<number>;
}

/** Resolves when the visit is over; never rejects for what httpd does. */
export async function visit(options: VisitOptions): Promise<RequestRecord> {
  const { stage, victims, kind, id } = options;
  const start = performance.now();
  let attempt = open(options);
  let end = await attend(attempt, options, start);
  // As browsers do: the server may close a kept connection at any time, also just now. The others
  // that are kept may be as old, so a new one is used.
  const retried = 'failure' in end && end.failure instanceof KeptConnectionClosed;
  if (retried) {
    attempt = open({ ...options, agent: undefined });
    end = await attend(attempt, options, start);
  }
  const over = performance.now();
  return {
    kind: kind.name,
    id,
    start,
    end: over,
    ...describe(stage, end, { kind, id, start, end: over }),
    retried,
    victim: [...attempt.ports].some((port) => victims.has(port, start, over)),
  };
}

function describe(stage: Stage, end: End, one: Omit<Case, 'result'>) {
  const none = { headMs: undefined, status: 0, hit: false };
  if ('failure' in end) return { ...none, outcome: 'lost', detail: end.failure.message } as const;
  if ('verdict' in end) return { ...none, ...end.verdict };
  const { result } = end;
  return {
    headMs: result.headAt,
    status: result.status,
    hit: /hit/.test(result.headers['cache-status'] ?? ''),
    ...judge(stage, { ...one, result }),
  };
}

function open({ stage, kind, id, agent }: VisitOptions): Attempt {
  const ports = new Set<number>();
  const form = kind.asks === 'with a form';
  const request: RequestOptions = {
    ...(form ? { method: 'POST', body: `id=${id}` } : {}),
    ...(kind.keepAlive && agent !== undefined ? { agent } : {}),
    headers: {
      ...(form ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {}),
      ...(kind.asks === 'for events' ? { Accept: 'text/event-stream' } : {}),
    },
    onConnection(connection) {
      if (!(connection instanceof Socket)) return;
      const note = () => void (connection.localPort && ports.add(connection.localPort));
      note();
      if (connection.connecting) connection.once('connect', note);
    },
  };
  const path = form || kind.asks === 'for a file' ? kind.path : `${kind.path}?id=${id}`;
  return { exchange: stage.httpd.open(path, request), ports };
}

/** An answer; or that there is none, and why; or what the visitor says who has made an end of it. */
type End =
  | { readonly result: Result }
  | { readonly failure: Error }
  | { readonly verdict: Verdict };

/** Waits for the end of the answer, or for that of the visitor's patience. */
async function attend({ exchange }: Attempt, options: VisitOptions, start: number): Promise<End> {
  const patience = new AbortController();
  const { reads } = options.kind;
  const leave = async (ms: number, verdict: Verdict): Promise<End> => {
    await sleep(ms, undefined, { signal: patience.signal });
    exchange.leave();
    return { verdict };
  };
  const limit = reads === 'slowly' ? 2 * longestMs : longestMs;
  const ends: Promise<End>[] = [
    exchange.done.then(
      (result) => ({ result }),
      (failure: Error) => ({ failure }),
    ),
    leave(limit - (performance.now() - start), {
      outcome: 'late',
      detail: `no end after ${Math.round(limit)} ms`,
    }),
  ];
  if (reads === 'and leaves') ends.push(leave(options.patienceMs, { outcome: 'left', detail: '' }));
  if (reads === 'slowly') void sip(exchange);
  for (const end of ends) end.catch(() => undefined);
  const end = await Promise.race(ends);
  patience.abort();
  return end;
}

/** Takes what came, and nothing for a while, again and again. */
async function sip(exchange: Exchange): Promise<void> {
  for (let n = 0; n < 25 && !exchange.over; n += 1) {
    exchange.pause();
    await sleep(60);
    exchange.resume();
    await sleep(1);
  }
  exchange.resume();
}
