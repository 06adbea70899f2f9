/** How long to wait before a failed call is made again. */

import type { Clock } from '../clock.ts';

const FIRST_MS = 500;
const LONGEST_MS = 8_000;

/**
 * Seconds. Visitors wait in front of an empty page: what asks for more than this is not waited for.
 */
export const RETRY_AFTER_WAITED_FOR = 5;

/**
 * Milliseconds before the retry number `retry`, counted from 0: exponential with full jitter, so
 * that those who failed together do not come back together. `first`: the longest first one.
 */
export function backOff(retry: number, random: () => number, first = FIRST_MS): number {
  return random() * Math.min(Math.max(LONGEST_MS, first), first * 2 ** retry);
}

/** Resolves after `ms`; rejects with the signal's reason as soon as that aborts. */
export function wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const leave = (): void => {
      timer.clear();
      reject(signal.reason);
    };
    const timer = clock.after(ms, () => {
      signal.removeEventListener('abort', leave);
      resolve();
    });
    signal.addEventListener('abort', leave, { once: true });
  });
}
