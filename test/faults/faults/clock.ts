/** The wall clock is set forward and back while pages are kept and written. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, nothing } from './fault.ts';

const hour = 3_600;

function set(name: string, times: readonly number[]): Fault {
  return {
    name: `clock set ${name}`,
    holdMs: 300,
    allows: nothing,
    async begin({ stage }) {
      for (const seconds of times) {
        stage.clock.set(seconds);
        // For that long all goes by this time.
        await sleep(400);
      }
      return () => stage.clock.set(0);
    },
  };
}

export const clockFaults: readonly Fault[] = [
  set('forward and back', [hour, 0, 30 * 24 * hour]),
  set('back and forth', [-hour, hour, -24 * hour]),
];
