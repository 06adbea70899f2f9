import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentOf, type Httpd } from '../harness/index.ts';

/** Any eight characters in a row of a secret are a leak of it. */
export function findLeaks(where: string, content: string, secrets: readonly string[]): string[] {
  return secrets.flatMap((secret) => {
    for (let start = 0; start + 8 <= secret.length; start += 1) {
      const at = content.indexOf(secret.slice(start, start + 8));
      if (at >= 0) return [`${where}: …${content.slice(Math.max(0, at - 80), at + 80)}…`];
    }
    return [];
  });
}

/** Environments and command lines of all processes of this httpd. */
export function findInProcesses(httpd: Httpd, secrets: readonly string[]): string[] {
  return httpd.processes().flatMap(({ pid, command }) => {
    const environment = JSON.stringify([...(environmentOf(pid) ?? [])]);
    return [
      ...findLeaks(`environment of ${pid} (${command.join(' ')})`, environment, secrets),
      ...findLeaks(`command line of ${pid}`, command.join('\0'), secrets),
    ];
  });
}

/** Files that httpd and the engine made: logs, process ids, sockets, whatever else. */
export function findInFiles(httpd: Httpd, secrets: readonly string[]): string[] {
  return ['logs', 'run'].flatMap((folder) =>
    readdirSync(httpd.environment.path(folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .flatMap((path) => findLeaks(path, readFileSync(path, 'utf8'), secrets)),
  );
}
