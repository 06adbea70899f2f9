/** What a run must not leave behind: processes, descriptors, socket files, memory. */

import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { descriptorsOf, memoryOf } from '../../harness/processes.ts';
import type { Stage } from '../stage.ts';

export interface Belongings {
  readonly processes: number;
  /** Of one child, on the average. */
  readonly childFds: number;
  /** Beside the connections that children keep. */
  readonly engineFds: number;
  readonly supervisorFds: number;
  readonly files: readonly string[];
  /** Memory of its own, in MB: of one child on the average, and of the engine. */
  readonly childMb: number;
  readonly engineMb: number;
}

/** A child keeps up to 64 connections to the engine, and Node opens a few descriptors when it likes. */
const moreFds = { childFds: 64, engineFds: 8, supervisorFds: 0 } as const;
const moreMb = { childMb: 25, engineMb: 160 } as const;
const settleMs = 20_000;

export function belongingsOf({ httpd }: Stage): Belongings {
  const children = httpd.children().map(({ pid }) => pid);
  const engines = httpd.engines().map(({ pid }) => pid);
  const supervisors = httpd.supervisors().map(({ pid }) => pid);
  const folder = httpd.environment.path('run');
  return {
    processes: httpd.processes().length,
    childFds: average(children, fdsOf),
    engineFds: average(engines, fdsOf) - httpd.engineConnections().length,
    supervisorFds: average(supervisors, fdsOf),
    files: readdirSync(folder).sort(),
    childMb: average(children, megabytesOf),
    engineMb: average(engines, megabytesOf),
  };
}

/** Waits until there is no more than `before`, and a little; what there still is after a while. */
export async function leftOver(stage: Stage, before: Belongings): Promise<string[]> {
  const giveUp = performance.now() + settleMs;
  for (;;) {
    const found = compare(before, belongingsOf(stage));
    if (found.length === 0 || performance.now() > giveUp) return found;
    await sleep(250);
  }
}

function compare(before: Belongings, after: Belongings): string[] {
  const found: string[] = [];
  const expect = (name: keyof Belongings, most: number): void => {
    if (Number(after[name]) > most)
      found.push(`${name}: ${before[name]} before, ${after[name]} after`);
  };
  expect('processes', before.processes);
  for (const [name, more] of Object.entries({ ...moreFds, ...moreMb })) {
    const key = name as keyof typeof moreFds | keyof typeof moreMb;
    expect(key, before[key] + more);
  }
  if (after.files.length > before.files.length) {
    found.push(`files in run: ${before.files.join(' ')} before, ${after.files.join(' ')} after`);
  }
  return found;
}

/** Of those that have not ended meanwhile; 0 if there are none. */
function average(pids: readonly number[], value: (pid: number) => number | undefined): number {
  const values = pids.map(value).filter((one) => one !== undefined);
  return Math.round(values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length));
}

function fdsOf(pid: number): number | undefined {
  return descriptorsOf(pid).length || undefined;
}

function megabytesOf(pid: number): number | undefined {
  const bytes = memoryOf(pid, 'RssAnon');
  return bytes === undefined ? undefined : bytes / 1_048_576;
}
