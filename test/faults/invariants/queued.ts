/** How long others kept a process from the processors: no fault is to blame for that. */

import { readProc } from '../../harness/processes.ts';

/** By process: milliseconds for which its main thread could have gone on and had no processor. */
export type Queued = ReadonlyMap<number, number>;

export function queuedOf(pids: readonly number[]): Queued {
  return new Map(pids.map((pid) => [pid, queuedMs(pid)]));
}

/** The longest that one of `after` was queued since `before`, when it may not have been there. */
export function longestQueued(before: Queued, after: Queued): number {
  return Math.max(0, ...[...after].map(([pid, ms]) => ms - (before.get(pid) ?? 0)));
}

/** From Linux' count of time on the run queue, in nanoseconds; 0 for a process that has ended. */
function queuedMs(pid: number): number {
  const [, waited = 0] = readProc(pid, 'schedstat')?.split(' ') ?? [];
  return Number(waited) / 1e6;
}
