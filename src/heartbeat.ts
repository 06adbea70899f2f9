/** Tells httpd that the engine moves; without it, visitors are told to come back later. */

import type { Clock } from './clock.ts';

const BEAT_MS = 500;

/**
 * Beats now, and from then on regularly. What it returns is to be called whenever work is done: an
 * event loop with more work than it can do comes to its timers late, though it is far from stuck.
 */
export function startHeartbeat(beat: () => void, clock: Clock): () => void {
  let last = 0;
  const now = (): void => {
    last = clock.uptime();
    beat();
  };
  const again = (): void => {
    now();
    clock.after(BEAT_MS, again);
  };
  again();
  return () => {
    if (clock.uptime() - last >= BEAT_MS) now();
  };
}
