import { readFileSync } from 'node:fs';

const acceptsConnections = 0x10000; // __SO_ACCEPTCON of the flags in /proc/net/unix

/**
 * The inodes of the accepted connections to the listening Unix sockets whose paths begin so. An
 * inode tells a connection that was kept from a new one.
 */
export function connectionsTo(pathPrefix: string): string[] {
  const [, ...lines] = readFileSync('/proc/net/unix', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, , , flags = '0', , , inode = '', path = ''] = line.split(/\s+/);
    const listens = (Number.parseInt(flags, 16) & acceptsConnections) !== 0;
    return path.startsWith(pathPrefix) && !listens ? [inode] : [];
  });
}
