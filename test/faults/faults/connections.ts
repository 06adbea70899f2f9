/** Which visitors a process serves, as the kernel knows it. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The ports of the visitors whose connections to `port` the process has open. */
export function visitorsOf(pid: number, port: number): number[] {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => /^socket:\[(\d+)\]$/.exec(linkOf(pid, fd))?.[1]),
  );
  const [, ...lines] = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n');
  return lines.flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [, local = '', remote = ''] = fields;
    return portOf(local) === port && own.has(fields[9]) ? [portOf(remote)] : [];
  });
}

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}

/** The descriptor may just have been closed. */
function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
