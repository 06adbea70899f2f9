/** A child of httpd is killed, or stops. */

import { isStopped } from '../../harness/processes.ts';
import { visitorsOf } from '../../harness/tcp-sockets.ts';
import { waitUntil } from '../../harness/wait-until.ts';
import { type Fault, type Lift, nothing, type Scene } from './fault.ts';

/** Stops one of the children; its visitors don't count from now on. */
async function stopOne({
  stage,
  victims,
  below,
}: Scene): Promise<{ pid: number; end: () => void }> {
  const { pid } = await stage.child(below);
  process.kill(pid, 'SIGSTOP');
  await waitUntil('a child to be stopped', () => isStopped(pid));
  // Stopped, it takes no more: these are all that it has.
  return { pid, end: victims.add(visitorsOf(pid, stage.httpd.port)) };
}

const killed: Fault = {
  name: 'child killed',
  holdMs: 0,
  allows: nothing,
  async begin(scene): Promise<Lift> {
    const { pid, end } = await stopOne(scene);
    process.kill(pid, 'SIGKILL');
    await waitUntil(
      'a child to end',
      () => !scene.stage.httpd.children().some((c) => c.pid === pid),
    );
    return end;
  },
};

const stopped: Fault = {
  name: 'child stopped for 2 s',
  holdMs: 2_000,
  allows: nothing,
  async begin(scene): Promise<Lift> {
    const { pid, end } = await stopOne(scene);
    return () => {
      process.kill(pid, 'SIGCONT');
      end();
    };
  },
};

const stoppedAndKilled: Fault = {
  name: 'child stopped, then killed',
  holdMs: 1_000,
  allows: nothing,
  async begin(scene): Promise<Lift> {
    const { pid, end } = await stopOne(scene);
    return () => {
      process.kill(pid, 'SIGKILL');
      end();
    };
  },
};

export const childFaults: readonly Fault[] = [killed, stopped, stoppedAndKilled];
