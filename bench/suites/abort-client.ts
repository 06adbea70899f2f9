import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Front } from '../fronts.ts';
import type { TokenProvider } from '../provider/token-provider.ts';
import { type Pace, sharedId } from '../provider/tokens.ts';

/** Milliseconds after which the provider is taken to be left talking to nobody. */
export const abortMax = 3000;

/** When readers leave, and how many there are of the page. */
export interface Leaving {
  readonly readers: number;
  readonly when: 'before the first byte' | 'in mid-page';
}

/**
 * Lets readers open a page and leave it, one after the other. Returns the milliseconds from the
 * last one's leaving until the provider saw its connection closed; `abortMax` when that never came.
 */
export async function timeAbort(
  front: Front,
  pace: Pace,
  { readers, when }: Leaving,
  provider: TokenProvider,
  id: number,
): Promise<number> {
  await provider.forget();
  const text = sharedId(id);
  const sockets: Socket[] = [];
  try {
    for (let i = 0; i < readers; i += 1) sockets.push(await open(front, pace, text));
    await provider.asked(1);
    if (when === 'in mid-page') await Promise.all(sockets.map((socket) => once(socket, 'data')));
    let last = 0n;
    for (const socket of sockets) {
      last = process.hrtime.bigint();
      socket.destroy();
    }
    const closed = await Promise.race([provider.allLeft(), after(abortMax)]);
    return closed === undefined ? abortMax : Math.max(0, (closed - Number(last)) / 1e6);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function open({ port, request }: Front, pace: Pace, id: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.on('error', () => socket.destroy());
  socket.write(request(pace, id));
  return socket;
}

/** Undefined after so many milliseconds; it keeps no process alive. */
function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), ms).unref();
  });
}
