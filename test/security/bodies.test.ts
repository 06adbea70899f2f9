/** Bodies of visitors that are packed, slow, or without an end. */
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect } from 'vitest';
import { expectMemory } from '../harness/expect-memory.ts';
import { sendRaw, test, waitUntil } from '../harness/index.ts';
import { anonymousBytes, enableStatus, fewThreads, readScoreboard } from '../server/few-threads.ts';
import { post, prepare, urlencoded } from '../server/form-pages.ts';

test('a packed form is refused when it grows too large, before it is in memory', async ({
  httpd,
  provider,
}) => {
  httpd.config.modules('deflate');
  prepare(httpd, provider, 'SetInputFilter DEFLATE', 'DeflateInflateRatioLimit 100000');
  await httpd.start();
  const packed = { ...urlencoded, 'Content-Encoding': 'gzip' };
  const small = await post(httpd, '/letter', gzipSync('name=Ann'), packed);
  expect(small.status).toBe(200);
  expect(provider.requests[0]?.messages.at(-1)?.content).toContain('Ann');
  const before = anonymousBytes(httpd);
  for (const megabytes of [2, 200]) {
    const bomb = gzipSync(
      Buffer.concat([Buffer.from('name='), Buffer.alloc(megabytes << 20, 'x')]),
    );
    expect(bomb.length).toBeLessThan(1_048_576);
    expect((await post(httpd, '/letter', bomb, packed)).status).toBe(413);
  }
  expectMemory(anonymousBytes(httpd) - before, 32 << 20);
  expect(provider.received).toBe(1);
  httpd.log.allow(/AH\d+/);
});

/** Sends the head of a form and a little of its body, and no more. */
function begin(port: number, head: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(head, () => resolve(socket));
    });
    socket.on('error', reject);
  });
}

/** The answer to a head, whose body never comes: no thread of httpd waits for that. */
async function openSlowly(port: number, head: string): Promise<string> {
  const socket = await begin(port, head);
  let said = '';
  socket.on('data', (bytes) => {
    said += bytes.toString('latin1');
  });
  try {
    return await waitUntil('an answer', () => said.includes('\r\n\r\n') && said);
  } finally {
    socket.destroy();
  }
}

describe('a form that comes slowly', () => {
  const head =
    'POST /letter HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n' +
    'Content-Type: application/x-www-form-urlencoded\r\n\r\nname=';

  test('costs no completion, and mod_reqtimeout frees its thread', async ({ httpd, provider }) => {
    httpd.config.modules('reqtimeout');
    httpd.config.lines('RequestReadTimeout header=2 body=2');
    prepare(httpd, provider);
    enableStatus(httpd);
    fewThreads(httpd, 8);
    await httpd.start();
    const answers = Array.from({ length: 6 }, () => sendRaw(httpd.port, head));
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(provider.received).toBe(0);
    await waitUntil('free threads', async () => (await readScoreboard(httpd)) === 'W');
    expect((await post(httpd, '/letter', 'name=Ann')).status).toBe(200);
    httpd.log.allow(/AH\d+/);
  });

  test('is refused before it is read, wherever it is of no use', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    httpd.config.section('Location', '/llm', 'SetHandler muse-ai-openai', 'MuseAiClientKeys keys');
    await httpd.start();
    const requests = {
      403: head.replace('Host:', 'Sec-Fetch-Site: cross-site\r\nHost:'),
      405: head.replace('POST', 'PUT'),
      415: head.replace('application/x-www-form-urlencoded', 'application/pdf'),
      401: head.replace('/letter', '/llm/v1/chat/completions'),
    };
    for (const [status, request] of Object.entries(requests)) {
      const answer = await openSlowly(httpd.port, request);
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    }
    expect(provider.received).toBe(0);
    httpd.log.allow(100, 76);
  });

  test('is limited before it is read', async ({ httpd, provider }) => {
    prepare(httpd, provider, 'MuseAiRateLimitRPM 1', 'MuseAiRateLimitBurstSize 1');
    await httpd.start();
    expect((await post(httpd, '/letter', 'name=Ann')).status).toBe(200);
    expect(await openSlowly(httpd.port, head)).toMatch(/^HTTP\/1\.1 429 /);
    expect(provider.received).toBe(1);
  });

  test('is refused by its length before it comes', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    const long = head.replace('1000', '1000000000');
    expect(await openSlowly(httpd.port, long)).toMatch(/^HTTP\/1\.1 413 /);
    expect(provider.received).toBe(0);
  });
});

test('a form without an end is refused at its limit', async ({ httpd, provider }) => {
  prepare(httpd, provider, 'MuseAiSecurityMaxRequestSize 64K');
  await httpd.start();
  const socket = await begin(
    httpd.port,
    'POST /letter HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n' +
      'Content-Type: application/x-www-form-urlencoded\r\n\r\n',
  );
  let said = '';
  socket.on('data', (bytes) => {
    said += bytes.toString('latin1');
  });
  const timer = setInterval(() => socket.write(`400\r\n${'x'.repeat(1024)}\r\n`), 1);
  try {
    await waitUntil('the refusal', () => said.startsWith('HTTP/1.1 413 '));
  } finally {
    clearInterval(timer);
    socket.destroy();
  }
  expect(provider.received).toBe(0);
});

describe('a refusal', () => {
  test('closes no connection that has no body to come', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const headers = { 'Sec-Fetch-Site': 'cross-site', 'Content-Length': '0' };
    const refused = await httpd.get('/letter', { method: 'POST', headers, agent });
    expect([refused.status, refused.headers.connection]).toEqual([403, 'Keep-Alive']);
    agent.destroy();
    httpd.log.expect(100);
  });

  test('of one stream of HTTP/2 leaves the others alone', async ({ httpd, provider }) => {
    httpd.config.modules('http2').lines('Protocols h2c http/1.1');
    prepare(httpd, provider);
    await httpd.start();
    const client = httpd.http2();
    const send = (headers: Record<string, string>) =>
      client.open('/letter', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: 'name=Ann',
      }).done;
    const all = [send({ 'sec-fetch-site': 'cross-site' }), send({}), send({})];
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual([403, 200, 200]);
    expect((await send({})).status).toBe(200);
    await client.close();
    httpd.log.expect(100);
  });
});
