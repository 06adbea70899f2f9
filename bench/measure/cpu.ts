import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fieldsAfterName } from '../../test/harness/processes.ts';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/**
 * Microseconds of CPU time, user and system, that a parent's children have used so far: those that
 * run, and those that ended and were waited for (`cutime`, `cstime` in proc_pid_stat(5)).
 */
export function childrenCpu(parent: number, children: readonly number[]): number {
  const running = children.reduce((sum, pid) => sum + processCpu(pid), 0);
  return running + toMicroseconds(readTicks(parent, 'ended children'));
}

/** Microseconds of CPU time, user and system, that a process has used so far. */
export function processCpu(pid: number): number {
  return toMicroseconds(readTicks(pid, 'itself'));
}

function toMicroseconds(ticks: number): number {
  return (ticks / ticksPerSecond) * 1e6;
}

function readTicks(pid: number, of: 'itself' | 'ended children'): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Fields are numbered from 1; the one after the name in brackets is number 3.
  const fields = fieldsAfterName(stat);
  const first = (of === 'itself' ? 14 : 16) - 3;
  return Number(fields[first]) + Number(fields[first + 1]);
}
