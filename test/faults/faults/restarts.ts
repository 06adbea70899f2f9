/** Graceful restarts, and what only a restart changes. */

import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../../harness/wait-until.ts';
import { type Fault, gone, nothing, type Scene } from './fault.ts';

/** Engines and supervisors of before take a while to end; until then there are two. */
async function oneSupervisor({ stage }: Scene): Promise<void> {
  await waitUntil('the old supervisor to end', () => stage.httpd.supervisors().length === 1, {
    timeoutMs: 40_000,
  });
}

const graceful: Fault = {
  name: 'graceful restart',
  holdMs: 0,
  allows: nothing,
  async begin({ stage }) {
    await stage.reload();
    return gone;
  },
};

const gracefulThrice: Fault = {
  name: 'graceful restart, three times at once',
  holdMs: 0,
  allows: nothing,
  async begin({ stage, below }) {
    for (let n = 0; n < 2; n += 1) {
      process.kill(stage.httpd.pid, 'SIGUSR1');
      // Into the last restart, not after it.
      await sleep(50 + below(300));
    }
    await stage.reload();
    return gone;
  },
};

const regionFull: Fault = {
  name: 'region full',
  holdMs: 1_000,
  allows: nothing,
  async begin(scene) {
    const { stage } = scene;
    await stage.reload('MuseAiSharedMemory 1M');
    // Several times what fits, by pages of which one takes the whole of a shard's share.
    for (let first = 0; first < 60; first += 15) {
      const fill = (_: unknown, n: number) => stage.httpd.get(`/page?id=fill-${first + n}`);
      await Promise.all(Array.from({ length: 15 }, fill));
    }
    return async () => {
      await stage.reload();
      await oneSupervisor(scene);
    };
  },
};

const logsFull: Fault = {
  name: 'disk full for logs',
  holdMs: 1_000,
  allows: nothing,
  async begin({ stage, below }) {
    const full = 'ErrorLog "/dev/full"';
    await stage.reload(full, 'CustomLog "/dev/full" "%s %U"', 'LogLevel muse_ai:debug');
    // Something to say.
    stage.weather.storm = below(2) === 0 ? 'says 500' : undefined;
    // A while of failed calls, each with its line.
    await sleep(300);
    stage.weather.storm = undefined;
    const engine = await stage.engine();
    await engine.kill();
    return () => stage.reload();
  },
};

export const restartFaults: readonly Fault[] = [
  graceful,
  gracefulThrice,
  regionFull,
  { ...logsFull, allows: (kind) => (/cached|static/.test(kind) ? [] : ['refused', 'aborted']) },
];
