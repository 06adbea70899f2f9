import { readFileSync } from 'node:fs';
import { readProc } from '../../test/harness/processes.ts';

/**
 * Bytes of memory that these processes have for themselves, plus their shares of what they have
 * in common (Pss in proc_pid_smaps(5)), all together; or the part of it that is shared memory.
 */
export function memoryOf(pids: readonly number[], part: 'Pss' | 'Pss_Shmem' = 'Pss'): number {
  return pids.reduce((sum, pid) => {
    const text = readProc(pid, 'smaps_rollup');
    if (text === undefined) return sum; // it has ended
    const kilobytes = new RegExp(`^${part}: +(\\d+) kB$`, 'm').exec(text)?.[1];
    if (kilobytes === undefined) throw new Error(`the kernel does not tell the ${part} of ${pid}`);
    return sum + Number(kilobytes) * 1024;
  }, 0);
}

/** Throws unless a process may open that many files: Node.js takes all it may, for its children too. */
export function assertOpenFiles(wanted: number): void {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const allowed = /^Max open files +(\d+|unlimited)/m.exec(limits)?.[1];
  if (allowed === 'unlimited' || Number(allowed) >= wanted) return;
  throw new Error(
    `This needs ${wanted} open files in one process, and only ${allowed} are allowed: ` +
      `raise the hard limit ("ulimit -Hn ${wanted}" as root, or limits.conf(5)), or use --quick.`,
  );
}
