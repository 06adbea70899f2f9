import type { Httpd } from '../harness/index.ts';
import { memoryOf } from '../harness/processes.ts';

/** One child with so many threads that takes up to a thousand connections. */
export function fewThreads(httpd: Httpd, threads: number, ...lines: readonly string[]): void {
  httpd.config.processes(
    'StartServers 1',
    'ServerLimit 4',
    `ThreadLimit ${threads}`,
    `ThreadsPerChild ${threads}`,
    `MaxRequestWorkers ${threads}`,
    'MinSpareThreads 1',
    `MaxSpareThreads ${threads}`,
    `AsyncRequestWorkerFactor ${Math.ceil(1000 / threads)}`,
    ...lines,
  );
}

/** Lets `readScoreboard` work. */
export function enableStatus(httpd: Httpd): void {
  httpd.config
    .modules('status')
    .lines('ExtendedStatus On')
    .section('Location', '/server-status', 'SetHandler server-status');
}

/** A letter for each thread that is busy, `W` for the one that says so. */
export async function readScoreboard(httpd: Httpd): Promise<string> {
  const { text } = await httpd.get('/server-status?auto');
  return /^Scoreboard: (\S+)$/m.exec(text)?.[1]?.replaceAll(/[._]/g, '') ?? '';
}

/** The memory that httpd's children have taken for themselves. */
export function anonymousBytes(httpd: Httpd): number {
  return httpd.children().reduce((sum, { pid }) => sum + (memoryOf(pid, 'RssAnon') ?? 0), 0);
}
