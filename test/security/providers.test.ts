/** A provider that means no good: where it sends us, how much it sends, and how it is packed. */
import { once } from 'node:events';
import { createServer as createHttp, type Server } from 'node:http';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished } from 'vitest';
import { expectMemory } from '../harness/expect-memory.ts';
import { enablePages, type Httpd, scriptedModel, test, waitUntil } from '../harness/index.ts';
import { memoryOf } from '../harness/processes.ts';
import { redirect } from '../provider/index.ts';
import { anonymousBytes } from '../server/few-threads.ts';

async function listen<T extends Server | NetServer>(server: T): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe('a redirect', () => {
  test('is followed nowhere, and no key goes there', async ({ httpd, provider }) => {
    const seen: string[] = [];
    const other = createHttp((request, response) => {
      seen.push(`${request.method} ${request.headers.authorization}`);
      response.end('{}');
    });
    const port = await listen(other);
    enablePages(httpd, provider, 'MuseAiRateLimitEnable Off');
    httpd.site.write('page.ai', 'Write {{ query.n }}.');
    await httpd.start();
    const places = [
      `http://127.0.0.1:${port}/v1/chat/completions`,
      `//127.0.0.1:${port}/`,
      // Elsewhere on the very host is not where the administrator said either.
      `${provider.url}/other`,
      'file:///etc/passwd',
      'http://169.254.169.254/latest/meta-data/',
    ];
    for (const [i, place] of places.entries()) {
      for (const status of [301, 302, 303, 307, 308]) {
        provider.script(scriptedModel, redirect(place, status));
        const result = await httpd.get(`/page?n=${i}${status}`);
        expect([place, status, result.status]).toEqual([place, status, 502]);
      }
    }
    expect(seen).toEqual([]);
    expect(provider.requests.every(({ path }) => path === '/v1/chat/completions')).toBe(true);
    httpd.log.expect(248);
    httpd.log.allow(/MUSE023[12]/);
  });
});

/** What never ends, by the beginning that is sent once and what is sent again and again. */
const chunked =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunk = (text: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`${text.length.toString(16)}\r\n`),
    Buffer.from(text),
    Buffer.from('\r\n'),
  ]);
const content = (text: string) =>
  `data: {"choices":[{"delta":{"content":${JSON.stringify(text)}}}]}\n\n`;
const bomb = gzipSync(Buffer.alloc(64 * 1_048_576, content('x'.repeat(200))), { level: 9 });

const endless: Readonly<Record<string, readonly [string, Buffer]>> = {
  headers: ['HTTP/1.1 200 OK\r\n', Buffer.from(`X-More: ${'x'.repeat(1000)}\r\n`)],
  header: ['HTTP/1.1 200 OK\r\nX-More: ', Buffer.alloc(65_536, 'x')],
  status: ['', Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\n')],
  line: [`${chunked}`, chunk(Buffer.alloc(65_536, 'x'))],
  data: [chunked, chunk('data: x\n'.repeat(8192))],
  comments: [chunked, chunk(': keep-alive\n\n'.repeat(4096))],
  body: [chunked, chunk(content('<p>more '.repeat(500)))],
  reasoning: [
    chunked,
    chunk(`data: {"choices":[{"delta":{"reasoning_content":"${'x'.repeat(8000)}"}}]}\n\n`),
  ],
  error: [
    'HTTP/1.1 500 No\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n',
    chunk(Buffer.alloc(65_536, 'x')),
  ],
};

/** A provider that sends `again` for as long as it is listened to. */
function flood(first: string, again: Buffer): { server: NetServer; closed: () => number } {
  let closed = 0;
  const server = createServer((socket: Socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write(again));
    };
    socket.once('data', () => {
      socket.write(first);
      socket.on('drain', more);
      more();
    });
    socket.on('data', () => undefined);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      closed += 1;
    });
  });
  return { server, closed: () => closed };
}

/** Not a number if the engine has ended. */
const engineBytes = (pid: number): number => Number(memoryOf(pid, 'RssAnon'));

function useEndpoint(httpd: Httpd, port: number, ...lines: string[]): void {
  const model = { name: 'm', endpoint: `http://127.0.0.1:${port}/v1`, retries: 0 };
  httpd.config.muse({ models: { models: [model] } });
  httpd.config.section('Directory', httpd.site.root, 'MuseAiEnable On', ...lines);
  httpd.site.write('page.ai', 'Write about the sea.');
}

describe('an answer without an end', () => {
  test.for(Object.keys(endless))(
    'of %s takes no more memory and time than a page may',
    async (kind, { httpd }) => {
      const [first, again] = endless[kind] ?? ['', Buffer.alloc(0)];
      const { server, closed } = flood(first, again);
      const port = await listen(server);
      useEndpoint(httpd, port, 'MuseAiTimeout 5', 'MuseAiMaxPageSize 1M');
      await httpd.start();
      await httpd.enginesReady();
      const { pid } = await httpd.engine();
      let most = 0;
      const timer = setInterval(() => {
        most = Math.max(most, engineBytes(pid) + anonymousBytes(httpd));
      }, 50);
      try {
        const result = await httpd.get('/page');
        // What had begun ends with a notice and broken off; all else has an honest status.
        if (kind === 'body') expect([result.status, result.complete]).toEqual([200, false]);
        else expect([502, 504]).toContain(result.status);
        expect(result.endAt).toBeLessThan(25_000);
      } finally {
        clearInterval(timer);
      }
      expectMemory(most, 400 * 1_048_576);
      await waitUntil('the connection to be closed', () => closed() > 0);
      expect((await httpd.get('/missing')).status).toBe(404);
      httpd.log.allow(/MUSE02[345]\d/);
    },
  );
});

test('a packed answer is not unpacked, however small it is', async ({ httpd }) => {
  const body = createHttp((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
    response.end(bomb);
  });
  useEndpoint(httpd, await listen(body));
  await httpd.start();
  await httpd.enginesReady();
  const { pid } = await httpd.engine();
  expect(bomb.length).toBeLessThan(1_048_576);
  const before = engineBytes(pid);
  expect((await httpd.get('/page')).status).toBe(502);
  expectMemory(engineBytes(pid) - before, 64 * 1_048_576);
  httpd.log.allow(/MUSE024[67]/);
});
