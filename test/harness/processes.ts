import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

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
  const [state = '', parent = '0'] = fieldsAfterName(stat);
  if (state === 'Z' || state === 'X') return undefined;
  const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  return { pid, parent: Number(parent), name, state, command: command.split('\0').slice(0, -1) };
}

/** Whether none of its threads runs any more after SIGSTOP: some stop later than the first. */
export function isStopped(pid: number): boolean {
  const threads = unlessGone(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return threads.length > 0 && threads.every((id) => stateOf(Number(id)).toUpperCase() === 'T');
}

/** Of a process or a thread; none if it is gone. */
function stateOf(pid: number): string {
  return fieldsAfterName(readProc(pid, 'stat') ?? '')[0] ?? '';
}

/**
 * The fields of proc_pid_stat(5) from number 3 on. The name in brackets before them may hold
 * anything, so they are counted from its end.
 */
export function fieldsAfterName(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
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

/**
 * A size of a process's memory in bytes: what it has taken for itself (RssAnon in proc_pid_status(5))
 * or the most that it has had (VmHWM). Undefined if it is gone; a process that is about to end has
 * given its memory back already.
 */
export function memoryOf(pid: number, size: 'RssAnon' | 'VmHWM'): number | undefined {
  const status = readProc(pid, 'status') ?? '';
  const kilobytes = new RegExp(`^${size}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** The descriptors that a process has open; none if it is gone. */
export function descriptorsOf(pid: number): number[] {
  return (unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? []).map(Number);
}

/** The sockets that a process has open, each with the inode that tells it from all others. */
export function socketsOf(pid: number): { readonly fd: number; readonly inode: string }[] {
  return descriptorsOf(pid).flatMap((fd) => {
    const target = unlessGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? '';
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    return inode === undefined ? [] : [{ fd, inode }];
  });
}

/** Sends a signal to a process, unless that has ended meanwhile. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  unlessGone(() => process.kill(pid, signal));
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** A file of /proc about a process, or undefined if it is gone, or not ours to read. */
export function readProc(pid: number, file: string): string | undefined {
  return unlessGone(() => readFileSync(`/proc/${pid}/${file}`, 'utf8'));
}

/**
 * Processes end, and close files, while we look: what is gone, or not ours to read, is undefined.
 */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') {
      return undefined;
    }
    throw error;
  }
}
