/** One page, asked for until it has come whole. */

import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import { retryAfter } from '../providers/failures.ts';
import { send, withoutPassword } from './server.ts';

export interface Warmed {
  readonly url: string;
  /** `present`: the cache had it. `not kept`: it was written, and the next visitor's will be, too. */
  readonly outcome: 'written' | 'present' | 'not kept' | 'failed';
  readonly status: number | undefined;
  readonly ms: number;
  readonly error?: string;
}

/** How often a server that asks to come back later is asked again. */
const PATIENCE = 20;
/** Seconds where it does not say when, and the most that it is waited for. */
const PAUSE = 1;
const PAUSE_MOST = 60;
const SECOND_MS = 1_000;

/** Rejects only when the signal aborts. */
export async function warmOne(url: URL, headers: Headers, signal: AbortSignal): Promise<Warmed> {
  const about = { url: withoutPassword(url) };
  for (let attempt = 1; ; attempt++) {
    const startedAt = performance.now();
    const ms = (): number => Math.round(performance.now() - startedAt);
    try {
      const response = await send(url, { headers, signal });
      const { status } = response;
      // Broken off, this throws.
      for await (const _ of response.body ?? []);
      const cache = response.headers.get('cache-status') ?? '';
      if (response.ok) return { ...about, outcome: outcomeOf(cache), status, ms: ms() };
      const later = retryAfter(response.headers.get('retry-after'), Date.now()) ?? PAUSE;
      const asksForPatience = (status === 429 || status === 503) && later <= PAUSE_MOST;
      const mayComeBack = asksForPatience && attempt < PATIENCE;
      if (!mayComeBack)
        return { ...about, outcome: 'failed', status, ms: ms(), error: why(status) };
      await pause(later * SECOND_MS, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      return { ...about, outcome: 'failed', status: undefined, ms: ms(), error: messageOf(error) };
    }
  }
}

function outcomeOf(cacheStatus: string): Warmed['outcome'] {
  if (/\bmuse; hit\b/.test(cacheStatus)) return 'present';
  return /\bstored\b/.test(cacheStatus) ? 'written' : 'not kept';
}

function why(status: number): string {
  if (status >= 300 && status < 400) return `a redirect (${status}); name where it leads to`;
  const advice = status >= 500 ? '; httpd’s error log says why' : '';
  return `the status ${status}${advice}`;
}
