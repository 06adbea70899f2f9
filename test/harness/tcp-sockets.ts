/** The TCP sockets of a process, as the kernel knows them. */

import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

interface TcpSocket {
  readonly localPort: number;
  readonly remotePort: number;
  readonly listens: boolean;
}

const listenState = '0A'; // TCP_LISTEN in /proc/net/tcp

/** The ports of the visitors whose connections to `port` the process has open. */
export function visitorsOf(pid: number, port: number): number[] {
  return socketsOf(pid).flatMap(({ localPort, remotePort, listens }) =>
    localPort === port && !listens ? [remotePort] : [],
  );
}

/** Whether the process may still accept a connection. */
export function isListening(pid: number): boolean {
  return socketsOf(pid).some(({ listens }) => listens);
}

function socketsOf(pid: number): TcpSocket[] {
  const own = inodesOf(pid);
  return ['/proc/net/tcp', '/proc/net/tcp6'].filter(existsSync).flatMap((table) => {
    const [, ...lines] = readFileSync(table, 'utf8').trim().split('\n');
    return lines.flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const [, local = '', remote = '', state] = fields;
      if (!own.has(fields[9])) return [];
      const listens = state === listenState;
      return [{ localPort: portOf(local), remotePort: portOf(remote), listens }];
    });
  });
}

/** The inodes of the process's sockets; none if it is gone. */
function inodesOf(pid: number): ReadonlySet<string | undefined> {
  const fds = unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  const links = fds.map((fd) => unlessGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? '');
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}

/** Processes end and descriptors are closed while we look. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
