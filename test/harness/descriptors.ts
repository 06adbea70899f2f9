/** The descriptors that a process may open. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Environment } from './environment.ts';
import { descriptorsOf, findProcess } from './processes.ts';

/** Leaves a process of `User` `spare` descriptors beside those that it has; returns how to undo it. */
export function leaveDescriptors(pid: number, spare: number, { installation }: Environment) {
  const { runAs } = installation;
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
  const taken = new Set(descriptorsOf(pid));
  let end = 0;
  for (let left = spare; left > 0 || taken.has(end); end += 1) if (!taken.has(end)) left -= 1;
  set(String(end));
  return () => {
    try {
      set(before ?? '1024');
    } catch (error) {
      // A child that can take no more connections has ended meanwhile, and another has its place.
      if (findProcess(pid) !== undefined) throw error;
    }
  };
}
