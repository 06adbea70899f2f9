import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  /** Milliseconds after which the wait fails; generous, since it only matters when it fails. */
  readonly timeoutMs?: number;
}

/**
 * Waits until `probe` gives something other than undefined, false or an empty text, and returns
 * that. What is waited for may live in another process, so it is polled; the error says what never
 * came.
 */
export async function waitUntil<T>(
  what: string | (() => string),
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { timeoutMs = 15_000 }: Patience = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false && found !== '') return found;
    if (performance.now() > deadline) {
      const told = typeof what === 'string' ? what : what();
      throw new Error(`Waited ${timeoutMs} ms in vain for ${told}`);
    }
    await sleep(10);
  }
}
