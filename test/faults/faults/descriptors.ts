/** A process that runs may open no more files. */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { findProcess } from '../../harness/processes.ts';
import { needNobody } from '../load/kinds.ts';
import type { Fault, Lift, Scene } from './fault.ts';

/** Leaves the process `spare` descriptors beside those that it has. */
function limit(pid: number, spare: number, { stage }: Scene): Lift {
  const { runAs } = stage.httpd.environment.installation;
  // Not even root may do this to another user's process everywhere, but that user may.
  const become =
    runAs === undefined
      ? []
      : ['setpriv', `--reuid=${runAs.user}`, `--regid=${runAs.group}`, '--clear-groups'];
  const set = (soft: string): void => {
    const [program = '', ...args] = [...become, 'prlimit', '--pid', String(pid)];
    execFileSync(program, [...args, `--nofile=${soft}:`], { cwd: '/' });
  };
  const before = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];
  const taken = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let end = 0;
  for (let left = spare; left > 0 || taken.has(end); end += 1) if (!taken.has(end)) left -= 1;
  set(String(end));
  // A child that can take no more connections has ended meanwhile, and another has its place.
  return () => void (findProcess(pid) === undefined || set(before ?? '1024'));
}

const childWithout: Fault = {
  name: 'child without descriptors',
  holdMs: 1_500,
  // httpd can't open a file then, and says 403; a page in the cache needs no opening.
  allows: (kind) => (needNobody.has(kind) && kind !== 'static' ? [] : ['refused']),
  async begin(scene) {
    const { stage, below } = scene;
    const all = stage.httpd.children();
    const { pid } = all[below(all.length)] as (typeof all)[number];
    return limit(pid, below(4), scene);
  },
};

const engineWithout: Fault = {
  name: 'engine without descriptors',
  holdMs: 1_500,
  allows: (kind) => (needNobody.has(kind) ? [] : ['refused', 'aborted']),
  async begin(scene) {
    const { stage, below } = scene;
    const engine = await stage.httpd.engine();
    return limit(engine.pid, below(4), scene);
  },
};

export const descriptorFaults: readonly Fault[] = [childWithout, engineWithout];
