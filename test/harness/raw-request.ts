import { connect } from 'node:net';

/**
 * Sends bytes as they are and returns all that comes back until the server closes; `onText` is told
 * all that has come so far.
 */
export function sendRaw(
  port: number,
  bytes: string | Uint8Array,
  onText?: (text: string) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      onText?.(Buffer.concat(chunks).toString('latin1'));
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}
