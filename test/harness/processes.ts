import { readdirSync, readFileSync } from 'node:fs';

/** A running process as /proc shows it. */
export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  /** As the process calls itself, at most 15 characters. */
  readonly name: string;
  /** R, S, D, T (stopped), Z (zombie), … */
  readonly state: string;
  readonly command: readonly string[];
}

/** The process, or undefined if it is gone (a zombie is: only its parent has not asked yet). */
export function findProcess(pid: number): RunningProcess | undefined {
  const stat = readProc(pid, 'stat');
  const command = readProc(pid, 'cmdline');
  if (stat === undefined || command === undefined) return undefined;
  // The name in brackets may hold anything, so fields are counted from its end.
  const [state = '', parent = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  return { pid, parent: Number(parent), name, state, command: command.split('\0').slice(0, -1) };
}

/** All processes whose environment holds `NAME=value`: it is inherited, so nobody gets away. */
export function findMarked(name: string, value: string): RunningProcess[] {
  return allPids()
    .filter((pid) => environmentOf(pid)?.get(name) === value)
    .map(findProcess)
    .filter((found) => found !== undefined);
}

/** The environment that a process was started with, or undefined if it is gone or not ours. */
export function environmentOf(pid: number): ReadonlyMap<string, string> | undefined {
  const text = readProc(pid, 'environ');
  if (text === undefined) return undefined;
  return new Map(
    text
      .split('\0')
      .filter((entry) => entry.includes('='))
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Processes come and go while we look: one that is gone, or not ours to read, is undefined. */
function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') {
      return undefined;
    }
    throw error;
  }
}
