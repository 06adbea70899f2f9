import type { Httpd } from '../../test/harness/httpd.ts';
import { descriptorsOf } from '../../test/harness/processes.ts';
import { memoryOf } from '../measure/memory.ts';

/** What a server's processes hold at one moment. */
export interface Usage {
  /** Since the beginning. */
  readonly seconds: number;
  /** Bytes of httpd's parent, its children and the supervisor, of the engines, and of both. */
  readonly httpd: number;
  readonly engine: number;
  readonly total: number;
  /** The part of it that is the shared memory. */
  readonly shared: number;
  readonly httpdFiles: number;
  readonly engineFiles: number;
}

/** Looks at all processes that a server has. */
export function lookAt(httpd: Httpd, seconds: number): Usage {
  const engines = httpd.engines().map(({ pid }) => pid);
  const all = httpd.processes().map(({ pid }) => pid);
  const others = all.filter((pid) => !engines.includes(pid));
  const [engine, rest] = [memoryOf(engines), memoryOf(others)];
  return {
    seconds,
    httpd: rest,
    engine,
    total: engine + rest,
    shared: memoryOf(all, 'Pss_Shmem'),
    httpdFiles: openFiles(others),
    engineFiles: openFiles(engines),
  };
}

function openFiles(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + descriptorsOf(pid).length, 0);
}
