import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createTransport, type Transport } from '../../src/providers/transport.ts';
import type { PoolSettings } from '../../src/settings.ts';

/**
 * A server that notes which connections the other side closed, by the paths asked for on them.
 * `keeps`: the seconds for which it says that it keeps one; 0: for ever, without a word.
 */
async function open(keeps = 0) {
  const closed: string[] = [];
  const server = createServer((request, response) => {
    request.socket.once('close', () => closed.push(request.url ?? ''));
    request.resume();
    response.end(request.headers.connection);
  });
  server.keepAliveTimeout = keeps * 1_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (transport: Transport, path: string) =>
    new Promise<string>((resolve, reject) => {
      let text = '';
      transport({ origin, path, headers: {} }, '{}', {
        connected() {},
        head() {},
        data: (bytes) => {
          text += bytes.toString();
        },
        end: () => resolve(text),
        failed: reject,
      });
    });
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { ask, closed, stop };
}

const pool = (change: Partial<PoolSettings>): PoolSettings => {
  return { idle: undefined, keepAlive: true, ...change };
};

test.for([
  ['that is set, whatever the other side says', 600, pool({ idle: 1 })],
  ['of a few seconds where nobody says anything', 0, pool({})],
] as const)(
  'a connection is kept for the time %s',
  { timeout: 40_000 },
  async ([_, keeps, settings]) => {
    const { ask, closed, stop } = await open(keeps);
    try {
      await ask(createTransport({}, undefined, pool({ idle: 300 })), '/long');
      expect(await ask(createTransport({}, undefined, settings), '/short')).toBe('keep-alive');
      await expect.poll(() => closed, { timeout: 30_000 }).toEqual(['/short']);
    } finally {
      stop();
    }
  },
);

test('no connection is kept where that is switched off', async () => {
  const { ask, closed, stop } = await open();
  try {
    const transport = createTransport({}, undefined, pool({ keepAlive: false }));
    expect(await ask(transport, '/first')).toBe('close');
    expect(await ask(transport, '/second')).toBe('close');
    await expect.poll(() => closed, { timeout: 10_000 }).toEqual(['/first', '/second']);
  } finally {
    stop();
  }
});
