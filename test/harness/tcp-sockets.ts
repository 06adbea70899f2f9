/** The TCP sockets of a process, as the kernel knows them. */

import { existsSync, readFileSync } from 'node:fs';
import { socketsOf } from './processes.ts';

interface TcpSocket {
  readonly localPort: number;
  readonly remotePort: number;
  readonly listens: boolean;
}

const listenState = '0A'; // TCP_LISTEN in /proc/net/tcp

/** The ports of the visitors whose connections to `port` the process has open. */
export function visitorsOf(pid: number, port: number): number[] {
  return tcpSocketsOf(pid).flatMap(({ localPort, remotePort, listens }) =>
    localPort === port && !listens ? [remotePort] : [],
  );
}

/** Whether the process may still accept a connection. */
export function isListening(pid: number): boolean {
  return tcpSocketsOf(pid).some(({ listens }) => listens);
}

function tcpSocketsOf(pid: number): TcpSocket[] {
  const own = new Set<string | undefined>(socketsOf(pid).map(({ inode }) => inode));
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

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}
