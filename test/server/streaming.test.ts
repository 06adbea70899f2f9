import { Agent } from 'node:http';
import { gunzipSync, constants as zlib } from 'node:zlib';
import { describe, expect } from 'vitest';
import {
  type Exchange,
  enablePages,
  type Httpd,
  scriptedModel,
  scriptedPage,
  test,
} from '../harness/index.ts';
import { Gate, say } from '../provider/index.ts';
import { gated, opening, tokens } from './gated-page.ts';

/** Sees the first piece arrive while the provider still holds the second, then the rest. */
async function expectPieceByPiece(exchange: Exchange, gate: Gate, seen: () => string) {
  const sees = async (piece: string) => {
    while (!seen().includes(piece) && !exchange.over) await exchange.change();
    expect(seen()).toContain(piece);
  };
  await gate.arrived(1);
  gate.release(2);
  await gate.arrived(3);
  await sees('The first piece.');
  expect(seen()).not.toContain('The second piece.');
  gate.release(1);
  await gate.arrived(4);
  await sees('The second piece.');
  expect(exchange.over).toBe(false);
  gate.open();
  const result = await exchange.done;
  expect(result.complete).toBe(true);
  expect(seen()).toBe(tokens.join(''));
  return result;
}

describe('what the provider has sent is with the visitor before it sends more', () => {
  test('over HTTP/1.1', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = gated(provider);
    await httpd.start();
    const exchange = httpd.open('/page');
    const result = await expectPieceByPiece(exchange, gate, () => exchange.text);
    expect(result.status).toBe(200);
    expect(result.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(result.headers['transfer-encoding']).toBe('chunked');
    expect(result.headers['cache-status']).toBe('muse; fwd=uri-miss; stored');
  });

  test('compressed by mod_deflate', async ({ httpd, provider }) => {
    httpd.config.modules('filter', 'deflate');
    enablePages(httpd, provider, 'SetOutputFilter DEFLATE');
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = gated(provider);
    await httpd.start();
    const exchange = httpd.open('/page', { headers: { 'Accept-Encoding': 'gzip' } });
    const unpacked = () => unzipStart(exchange.bytes);
    const result = await expectPieceByPiece(exchange, gate, unpacked);
    expect(result.headers['content-encoding']).toBe('gzip');
    expect(result.headers.vary).toContain('Accept-Encoding');
  });

  test('over TLS', async ({ httpd, provider }) => {
    httpd.config.tls();
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = gated(provider);
    await httpd.start();
    const exchange = httpd.open(`${httpd.tlsUrl}/page`);
    await expectPieceByPiece(exchange, gate, () => exchange.text);
  });

  test('over HTTP/2', async ({ httpd, provider }) => {
    httpd.config.modules('http2').tls('Protocols h2 http/1.1');
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = gated(provider);
    await httpd.start();
    const client = httpd.http2();
    const exchange = client.open('/page');
    const result = await expectPieceByPiece(exchange, gate, () => exchange.text);
    expect([result.httpVersion, result.status]).toEqual(['2.0', 200]);
    await client.close();
  });
});

/** What can be unpacked of a gzip stream that has not ended yet. */
function unzipStart(bytes: Buffer): string {
  // Ten bytes are the header alone, and fewer are not even that.
  if (bytes.length <= 10) return '';
  return gunzipSync(bytes, { finishFlush: zlib.Z_SYNC_FLUSH }).toString();
}

test('several visitors read different pages at the same time', async ({ httpd, provider }) => {
  enablePages(httpd, provider);
  const gates = new Map<string, Gate>();
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const name of names) {
    gates.set(name, new Gate());
    httpd.site.write(`${name}.ai`, `Write about ${name}.`);
  }
  provider.script(scriptedModel, (request) => {
    const name = request.messages.at(-1)?.content.at(-2) ?? '';
    return say([opening, `<p>This is ${name}.</p>`, '</body></html>'], {
      gate: gates.get(name) ?? new Gate(),
    });
  });
  await httpd.start();
  const exchanges = new Map(names.map((name) => [name, httpd.open(`/${name}`)]));
  await Promise.all([...gates.values()].map((gate) => gate.arrived()));
  // The last asked is the first to be answered: none waits for another.
  for (const name of names.toReversed()) {
    gates.get(name)?.open();
    const result = await exchanges.get(name)?.done;
    expect(result?.complete).toBe(true);
    expect(result?.text).toContain(`<p>This is ${name}.</p>`);
  }
});

test('one connection carries hits, refusals and files after each other', async ({
  httpd,
  provider,
}) => {
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write about {{ query.n }}.');
  httpd.site.write('a.txt', 'a file');
  await httpd.start();
  for (const n of [1, 2]) expect((await httpd.get(`/page?n=${n}`)).text).toBe(scriptedPage);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<unknown>();
  agent.on('free', (socket) => sockets.add(socket));
  const ask = async (path: string, method = 'GET') => {
    const { status, text } = await httpd.get(path, { agent, method });
    return [status, text];
  };
  for (const n of [1, 2]) {
    expect(await ask(`/page?n=${n}`)).toEqual([200, scriptedPage]);
    expect(await ask(`/page?n=${n}`, 'HEAD')).toEqual([200, '']);
    expect((await ask('/page', 'DELETE'))[0]).toBe(405);
    expect(await ask('/page', 'OPTIONS')).toEqual([200, '']);
    expect(await ask('/a.txt')).toEqual([200, 'a file']);
  }
  expect(sockets.size).toBe(1);
  expect(provider.received).toBe(2);
  agent.destroy();
});

describe('connections to the engine', () => {
  test('are kept for the next request', async ({ httpd, provider }) => {
    oneChild(httpd);
    enablePages(httpd, provider, 'MuseAiCacheEnable Off');
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    await httpd.get('/page');
    const connections = httpd.engineConnections();
    expect(connections).toHaveLength(1);
    for (let n = 0; n < 5; n += 1) expect((await httpd.get('/page')).status).toBe(200);
    expect(httpd.engineConnections()).toEqual(connections);
    expect(provider.received).toBe(6);
  });

  test('are as many as there are requests at the same time', async ({ httpd, provider }) => {
    oneChild(httpd);
    enablePages(httpd, provider, 'MuseAiCacheEnable Off');
    httpd.site.write('page.ai', 'Write about {{ query.topic }}.');
    const gate = gated(provider);
    await httpd.start();
    const exchanges = ['a', 'b', 'c'].map((topic) => httpd.open(`/page?topic=${topic}`));
    await gate.arrived(3);
    const connections = httpd.engineConnections();
    expect(connections).toHaveLength(3);
    gate.open();
    for (const { done } of exchanges) expect((await done).complete).toBe(true);
    await httpd.get('/page?topic=d');
    expect(httpd.engineConnections()).toEqual(connections);
  });
});

/** One process and many threads, so that all requests share its connections. */
function oneChild(httpd: Httpd): void {
  const threads = ['ThreadsPerChild 16', 'MaxRequestWorkers 16', 'MaxSpareThreads 16'];
  httpd.config.processes('StartServers 1', 'ServerLimit 1', 'MinSpareThreads 1', ...threads);
}
