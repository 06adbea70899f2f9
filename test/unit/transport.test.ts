import { createServer } from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  getCACertificates,
  setDefaultCACertificates,
} from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createTransport, type Transport } from '../../src/providers/transport.ts';
import type { PoolSettings } from '../../src/settings.ts';
import { makeCertificate } from '../harness/certificate.ts';

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
  return { ask, closed, origin, stop };
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

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n';

describe('by way of a proxy', () => {
  /** A server that does `first` at the first call on a connection, then ends it; and a proxy. */
  async function start(first: (socket: Socket) => unknown) {
    let calls = 0;
    let ended = 0;
    const certificate = makeCertificate();
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, certificate.cert]);
    onTestFinished(() => setDefaultCACertificates(before));
    const server = createTlsServer(certificate, (socket) => {
      let answered = false;
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        // The body may come apart.
        if (!bytes.includes('POST ')) return;
        calls += 1;
        if (answered) {
          ended += 1;
          socket.end();
        } else first(socket);
        answered = true;
      });
    });
    const proxy = createServer().on('connect', (request, client: Socket) => {
      const [host, port] = (request.url ?? '').split(':');
      const tunnel = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        tunnel.pipe(client).pipe(tunnel);
      });
      for (const socket of [tunnel, client]) socket.on('error', () => undefined);
    });
    const [origin, through] = [await listen(server), await listen(proxy)];
    const transport = createTransport({ HTTPS_PROXY: `http://127.0.0.1:${through}` });
    const ask = () =>
      new Promise<string>((resolve, reject) => {
        let text = '';
        transport({ origin: `https://127.0.0.1:${origin}`, path: '/', headers: {} }, '{}', {
          connected() {},
          head() {},
          data: (bytes) => {
            text += bytes.toString();
          },
          end: () => resolve(text),
          failed: reject,
        });
      });
    return { ask, calls: () => calls, ended: () => ended };
  }

  test('a call on a new connection that is closed in the answer’s head is not repeated', async () => {
    const cut = (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-');
    const { ask, calls } = await start(cut);
    await expect(ask()).rejects.toThrow('other side closed');
    expect(calls()).toBe(1);
  });

  test('for plain HTTP, no connection is kept either where that is switched off', async () => {
    const { ask, origin, stop } = await open();
    try {
      const environment = { HTTP_PROXY: origin };
      const transport = createTransport(environment, undefined, pool({ keepAlive: false }));
      expect(await ask(transport, '/')).toBe('close');
      expect(await ask(createTransport(environment), '/')).toBe('keep-alive');
    } finally {
      stop();
    }
  });

  test('a call that met the end of a kept connection is', async () => {
    const { ask, calls, ended } = await start((socket) => socket.write(`${HEAD}ok`));
    let asked = 0;
    for (; ended() === 0 && asked < 100; asked += 1) expect(await ask()).toBe('ok');
    expect(ended()).toBeGreaterThan(0);
    expect(calls()).toBe(asked + ended());
  });
});

/** At a free port, until the test has ended. */
async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
