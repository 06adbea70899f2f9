import { Agent } from 'node:http';
import { describe, expect } from 'vitest';
import { Httpd, makeCertificate, sendRaw, test, waitUntil } from '../harness/index.ts';

describe.each(['event', 'worker', 'prefork'] as const)('on the %s MPM', (mpm) => {
  test('a private httpd serves a file and stops without a trace', async ({ httpd }) => {
    httpd.config.mpm = mpm;
    httpd.site.write('hello.txt', 'Hello, harness.\n');
    await httpd.start();
    const result = await httpd.get('/hello.txt');
    expect(result.status).toBe(200);
    expect(result.text).toBe('Hello, harness.\n');
    expect(result.complete).toBe(true);
    expect(result.headers['content-type']).toBe('text/plain');
    expect(httpd.children().length).toBeGreaterThanOrEqual(2);
    expect(httpd.engines()).toEqual([]);
    await httpd.stop();
    expect(httpd.processes()).toEqual([]);
  });
});

test('TLS with a trusted certificate serves HTTP/1.1 and HTTP/2', async ({ httpd }) => {
  httpd.site.write('a.txt', 'secret');
  httpd.config.modules('http2').tls('Protocols h2 http/1.1');
  await httpd.start();
  const first = await httpd.get(`${httpd.tlsUrl}/a.txt`, { ca: makeCertificate().cert });
  expect([first.status, first.httpVersion, first.text]).toEqual([200, '1.1', 'secret']);
  const client = httpd.http2();
  const [a, b] = await Promise.all([client.open('/a.txt').done, client.open('/nothing').done]);
  expect([a.status, a.httpVersion, a.text, a.complete]).toEqual([200, '2.0', 'secret', true]);
  expect(b.status).toBe(404);
  await client.close();
});

test('HTTP/2 in plain text works by prior knowledge', async ({ httpd }) => {
  httpd.site.write('a.txt', 'plain');
  httpd.config.modules('http2').lines('Protocols h2c http/1.1');
  await httpd.start();
  const client = httpd.http2();
  expect((await client.open('/a.txt').done).text).toBe('plain');
  await client.close();
});

test('a graceful restart reads the configuration again and keeps the parent', async ({ httpd }) => {
  httpd.site.write('a.txt', 'a');
  await httpd.start();
  const { pid } = httpd;
  httpd.config.lines('Header set X-Generation 2');
  await httpd.graceful();
  expect(httpd.pid).toBe(pid);
  await waitUntil('the new configuration', async () => {
    const result = await httpd.get('/a.txt');
    return result.headers['x-generation'] === '2';
  });
});

test('a connection can be reused, and headers are sent as they are', async ({ httpd }) => {
  httpd.config.lines('Header set X-Seen "expr=%{HTTP:x-odd-case}"');
  httpd.site.write('a.txt', 'a');
  await httpd.start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const headers = [['X-oDD-CaSe', 'yes']] as const;
  const first = await httpd.get('/a.txt', { agent, headers });
  const second = await httpd.get('/a.txt', { agent, headers });
  expect(first.headers['x-seen']).toBe('yes');
  expect(second.status).toBe(200);
  expect(Object.keys(agent.freeSockets)).toHaveLength(1);
  agent.destroy();
  const raw = await sendRaw(httpd.port, 'GET /a.txt HTTP/1.0\r\nHost: x\r\n\r\n');
  expect(raw).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});

test('a broken configuration says where it is broken', async ({ httpd }) => {
  httpd.config.lines('NoSuchDirective On');
  expect(await httpd.startFailure()).toContain("Invalid command 'NoSuchDirective'");
});

test('a start that never gets its port fails and says so', async ({ httpd }) => {
  const other = new Httpd();
  try {
    await other.start();
    httpd.config.lines(`Listen 127.0.0.1:${other.port}`);
    await expect(httpd.start()).rejects.toThrow('Address already in use');
  } finally {
    await other.stop();
    other.environment.remove();
  }
});

test('an answer that breaks off is told from a whole one', async ({ httpd }) => {
  httpd.site.write('big.bin', Buffer.alloc(50_000_000, 'x'));
  await httpd.start();
  const exchange = httpd.open('/big.bin');
  await exchange.head;
  exchange.pause();
  await httpd.killParent();
  for (const child of httpd.processes()) process.kill(child.pid, 'SIGKILL');
  exchange.resume();
  const result = await exchange.done;
  expect(result.complete).toBe(false);
  expect(result.body.length).toBeLessThan(50_000_000);
});

describe('the error log', () => {
  test('fails a test that made a line which it did not expect', async ({ httpd }) => {
    httpd.config.section('Location', '/closed', 'Require all denied');
    await httpd.start();
    expect((await httpd.get('/closed')).status).toBe(403);
    await httpd.log.waitFor('client denied by server configuration');
    expect(() => httpd.log.assertClean()).toThrow('Unexpected line in the error log');
    httpd.log.expect('client denied by server configuration');
    httpd.log.assertClean();
  });

  test('fails a test whose expected line did not come', async ({ httpd }) => {
    await httpd.start();
    httpd.log.allow('never said, but allowed');
    httpd.log.assertClean();
    httpd.log.expect(/AH00489.*resuming normal operations/);
    httpd.log.assertClean();
    const other = new Httpd();
    other.log.expect(1234);
    expect(() => other.log.assertClean()).toThrow('1234');
    other.environment.remove();
  });
});
