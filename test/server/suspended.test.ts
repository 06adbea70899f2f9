import { gunzipSync } from 'node:zlib';
import { describe, expect } from 'vitest';
import { enablePages, type Httpd, sendRaw, test, waitUntil } from '../harness/index.ts';
import type { Gate, ScriptedProvider } from '../provider/index.ts';
import { enableStatus, fewThreads, readScoreboard } from './few-threads.ts';
import { gated, tokens } from './gated-page.ts';
import { inflateSoFar } from './inflate.ts';

const visitors = 60;

describe.each(['http', 'https'] as const)('over %s', (scheme) => {
  test('visitors who wait hold no thread', async ({ httpd, provider }) => {
    fewThreads(httpd, 4);
    enableStatus(httpd);
    if (scheme === 'https') httpd.config.tls();
    httpd.site.write('static.txt', 'static');
    const gate = await serve(httpd, provider);
    const url = scheme === 'https' ? httpd.tlsUrl : httpd.url;
    const exchanges = Array.from({ length: visitors }, (_, n) => httpd.open(`${url}/page?n=${n}`));
    await gate.arrived(visitors);
    expect((await httpd.get(`${url}/static.txt`)).text).toBe('static');
    gate.release(2 * visitors);
    await Promise.all(exchanges.map((exchange) => exchange.waitFor('The first piece.')));
    expect(exchanges.filter((exchange) => exchange.over)).toEqual([]);
    expect((await httpd.get(`${url}/static.txt`)).text).toBe('static');
    // A thread that has just sent a file may still look busy.
    await waitUntil('one busy thread', async () => (await readScoreboard(httpd)) === 'W');
    gate.open();
    for (const exchange of exchanges) {
      const { status, text, complete } = await exchange.done;
      expect([status, text, complete]).toEqual([200, tokens.join(''), true]);
    }
    expect(httpd.children()).toHaveLength(1);
  });
});

test('a page that was waited for is the last of its connection, a cached one is not', async ({
  httpd,
  provider,
}) => {
  const gate = await serve(httpd, provider);
  const exchange = httpd.open('/page', { headers: { Connection: 'keep-alive' } });
  gate.release(2);
  await exchange.waitFor('The first piece.');
  gate.open();
  const cold = await exchange.done;
  expect(cold.headers).toMatchObject({ connection: 'close', 'transfer-encoding': 'chunked' });
  const hit = await httpd.get('/page', { headers: { Connection: 'keep-alive' } });
  expect(hit.headers['cache-status']).toContain('hit');
  expect(hit.headers.connection).not.toBe('close');
});

test('an answer that comes at once and whole leaves the connection open', async ({
  httpd,
  provider,
}) => {
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write about {{ query.n }}.');
  await httpd.start();
  let asked = 0;
  for (const method of ['GET', 'HEAD']) {
    // A moment passes quickly on a machine that has much else to do.
    await waitUntil(`a connection to be kept for ${method}`, async () => {
      asked += 1;
      const path = `/page?n=${asked}`;
      const headers = { Connection: 'keep-alive' };
      const { status, complete, headers: told } = await httpd.get(path, { method, headers });
      expect([status, complete]).toEqual([200, true]);
      return told.connection !== 'close';
    });
  }
});

test('HTTP/1.0 has the page until the connection ends', async ({ httpd, provider }) => {
  const gate = await serve(httpd, provider);
  const answer = sendRaw(httpd.port, 'GET /page HTTP/1.0\r\n\r\n');
  await gate.arrived();
  gate.open();
  const [head, body] = (await answer).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(head?.toLowerCase()).not.toContain('transfer-encoding');
  expect(body).toBe(tokens.join(''));
});

test('each piece comes at once through deflate and TLS', async ({ httpd, provider }) => {
  httpd.config.tls().modules('filter', 'deflate').lines('SetOutputFilter DEFLATE');
  const gate = await serve(httpd, provider);
  const exchange = httpd.open(`${httpd.tlsUrl}/page`, { headers: { 'Accept-Encoding': 'gzip' } });
  await gate.arrived();
  gate.release(2);
  expect((await exchange.head).headers['content-encoding']).toBe('gzip');
  while (!inflateSoFar(exchange.bytes).includes('The first piece.')) await exchange.change();
  expect(exchange.over).toBe(false);
  gate.open();
  const { body, complete } = await exchange.done;
  expect([complete, gunzipSync(body).toString()]).toEqual([true, tokens.join('')]);
});

test('requests behind a stream are not carried out, and nothing hangs', async ({
  httpd,
  provider,
}) => {
  httpd.site.write('static.txt', 'static');
  const gate = await serve(httpd, provider);
  const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const answer = sendRaw(
    httpd.port,
    request('/static.txt') + request('/page?n=1') + request('/page?n=2') + request('/static.txt'),
    (sofar) => sofar.includes('The first piece.') && gate.open(),
  );
  gate.release(2);
  const text = await answer;
  expect(text.match(/HTTP\/1\.1 \d+ /g)).toEqual(['HTTP/1.1 200 ', 'HTTP/1.1 200 ']);
  expect(text).toMatch(/\r\n\r\nstatic/);
  expect(text).toContain('Connection: close');
  expect(text.endsWith('0\r\n\r\n'), 'the end of the page was not lost').toBe(true);
  expect(provider.received, 'the second page was never asked for').toBe(1);
  expect((await httpd.get('/page?n=2')).text).toBe(tokens.join(''));
});

async function serve(httpd: Httpd, provider: ScriptedProvider): Promise<Gate> {
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write about {{ query.n }}.');
  const gate = gated(provider);
  await httpd.start();
  return gate;
}
