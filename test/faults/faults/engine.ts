/** The engine is killed, or stops. */

import { setTimeout as sleep } from 'node:timers/promises';
import { needNobody } from '../load/kinds.ts';
import type { Outcome } from '../load/record.ts';
import { type Fault, gone } from './fault.ts';

/** A page that has begun can't go on; whoever has nothing of it yet can wait for the next engine. */
const begunOnly = (kind: Parameters<Fault['allows']>[0]): readonly Outcome[] =>
  needNobody.has(kind) ? [] : ['aborted'];

const killed: Fault = {
  name: 'engine killed',
  holdMs: 0,
  allows: begunOnly,
  async begin({ stage }) {
    await (await stage.engine()).kill();
    return gone;
  },
};

const killedAgain: Fault = {
  name: 'engine killed, and the next one too',
  holdMs: 0,
  allows: begunOnly,
  async begin({ stage, below }) {
    const first = await stage.engine();
    await first.kill();
    const second = await stage.httpd.engine(first);
    // While it starts, or when it has just begun to serve.
    await sleep(below(600));
    await second.kill();
    return gone;
  },
};

function stopped(seconds: number, allowed: readonly Outcome[]): Fault {
  return {
    name: `engine stopped for ${seconds} s`,
    holdMs: seconds * 1_000,
    allows: (kind) => (needNobody.has(kind) ? [] : allowed),
    async begin({ stage }) {
      const engine = await stage.engine();
      await engine.freeze();
      return () => engine.thaw();
    },
  };
}

const stoppedAndKilled: Fault = {
  name: 'engine stopped, then killed',
  holdMs: 1_500,
  allows: begunOnly,
  async begin({ stage }) {
    const engine = await stage.engine();
    await engine.freeze();
    return () => engine.kill();
  },
};

export const engineFaults: readonly Fault[] = [
  killed,
  killedAgain,
  // Longer than the timers of a call, for which an engine must not blame the provider.
  stopped(7, []),
  stoppedAndKilled,
];

/** It takes longer than httpd waits for it. */
export const longEngineFaults: readonly Fault[] = [stopped(12, ['aborted', 'refused'])];
