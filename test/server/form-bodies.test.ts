/** How the body of a form comes in: slowly, in pieces, after a "100 Continue", too large. */
import { expect } from 'vitest';
import { scriptedPage, test, waitUntil } from '../harness/index.ts';
import { lastPrompt, letterTo, post, prepare, urlencoded } from './form-pages.ts';
import { Line, postHead } from './line.ts';
import { killed, readyAgain } from './topic-pages.ts';

const head = (path: string, ...lines: string[]) => postHead(path, 'Host: localhost', ...lines);

test('a client that asks first is told to go on, or at once why not', async ({
  httpd,
  provider,
}) => {
  prepare(httpd, provider);
  await httpd.start();
  using line = new Line(httpd);
  line.send(head('/letter', 'Content-Length: 8', 'Expect: 100-continue'));
  await line.waitFor(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  line.send('name=Ann');
  await line.waitFor(/HTTP\/1\.1 200 OK[\s\S]*<\/html>/);
  expect(lastPrompt(provider)).toBe(letterTo('Ann'));

  using large = new Line(httpd);
  large.send(head('/letter', 'Content-Length: 1048577', 'Expect: 100-continue'));
  await large.waitFor(/HTTP\/1\.1 413 /);
  expect(large.text).not.toContain('100 Continue');
  expect(httpd.log.matching(60)).not.toEqual([]);

  using other = new Line(httpd);
  const plain = head('/letter', 'Content-Length: 8', 'Expect: 100-continue');
  other.send(plain.replace('application/x-www-form-urlencoded', 'text/plain'));
  await other.waitFor(/HTTP\/1\.1 415 /);
  expect(provider.received).toBe(1);
});

test('a form comes in pieces, and its page is streamed as ever', async ({ httpd, provider }) => {
  prepare(httpd, provider);
  await httpd.start();
  using line = new Line(httpd);
  line.send(head('/letter', 'Transfer-Encoding: chunked'));
  for (const piece of ['na', 'me=', 'Ann']) {
    line.send(`${piece.length}\r\n${piece}\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(provider.received).toBe(0);
  line.send('0\r\n\r\n');
  await line.waitFor(/HTTP\/1\.1 200 OK[\s\S]*<\/html>/);
  expect(lastPrompt(provider)).toBe(letterTo('Ann'));
});

test('one in chunks that goes on above the limit is refused', async ({ httpd, provider }) => {
  prepare(httpd, provider);
  await httpd.start();
  using line = new Line(httpd);
  line.send(head('/letter', 'Transfer-Encoding: chunked'));
  const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  line.send(piece.repeat(17));
  await line.waitFor(/^HTTP\/1\.1 413 /);
  expect(provider.received).toBe(0);
});

test('MuseAiSecurityMaxRequestSize is the limit where it is set', async ({ httpd, provider }) => {
  prepare(httpd, provider, 'MuseAiSecurityMaxRequestSize 1K');
  await httpd.start();
  const sent = (length: number, headers = urlencoded) =>
    post(httpd, '/letter', `name=${'x'.repeat(length - 5)}`, headers);
  expect((await sent(1_024)).status).toBe(200);
  const chunked = { ...urlencoded, 'Transfer-Encoding': 'chunked' };
  expect((await sent(1_024, chunked)).status).toBe(200);
  expect((await sent(1_025)).status).toBe(413);
  expect((await sent(1_025, chunked)).status).toBe(413);
  expect(httpd.log.matching(/MUSE0060: .* larger than 1024 bytes/)).toHaveLength(2);
});

test('LimitRequestBody holds too', async ({ httpd, provider }) => {
  prepare(httpd, provider, 'LimitRequestBody 100');
  await httpd.start();
  expect((await post(httpd, '/letter', `name=${'x'.repeat(50)}`)).status).toBe(200);
  const told = await post(httpd, '/letter', `name=${'x'.repeat(200)}`);
  expect(told.status).toBe(413);
  const chunked = { ...urlencoded, 'Transfer-Encoding': 'chunked' };
  expect((await post(httpd, '/letter', `name=${'x'.repeat(200)}`, chunked)).status).toBe(413);
  httpd.log.allow(/AH01588|AH01591|AH00589/);
  expect(provider.received).toBe(1);
});

test('a body that does not come is given up by mod_reqtimeout', async ({ httpd, provider }) => {
  httpd.config.modules('reqtimeout').lines('RequestReadTimeout header=10 body=1');
  prepare(httpd, provider);
  await httpd.start();
  using line = new Line(httpd);
  line.send(`${head('/letter', 'Content-Length: 100')}name=Ann`);
  await line.waitFor(/^HTTP\/1\.1 408 /);
  expect(httpd.log.matching(61)).not.toEqual([]);
  expect(provider.received).toBe(0);
  // A form that is complete is not hurried by it while its page is written.
  expect((await post(httpd, '/letter', 'name=Ann')).text).toBe(scriptedPage);
});

test('a client that leaves in the middle of its form costs nothing', async ({
  httpd,
  provider,
}) => {
  prepare(httpd, provider);
  await httpd.start();
  {
    using line = new Line(httpd);
    line.send(`${head('/letter', 'Content-Length: 100')}name=Ann`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await httpd.log.waitFor(61);
  expect((await post(httpd, '/letter', 'name=Bob')).status).toBe(200);
  expect(provider.received).toBe(1);
});

test('a decompressing input filter is seen', async ({ httpd, provider }) => {
  httpd.config.modules('filter', 'deflate');
  prepare(httpd, provider, 'SetInputFilter DEFLATE');
  await httpd.start();
  const { gzipSync } = await import('node:zlib');
  const headers = { ...urlencoded, 'Content-Encoding': 'gzip' };
  expect((await post(httpd, '/letter', gzipSync('name=Ann'), headers)).status).toBe(200);
  expect(lastPrompt(provider)).toBe(letterTo('Ann'));
});

test('forms that an engine dies with are sent to the next one', async ({ httpd, provider }) => {
  prepare(httpd, provider, 'MuseAiMaxInput 256K');
  await httpd.start();
  await httpd.get('/page');
  const engine = await httpd.engine();
  // Frozen, it takes no connections: these requests wait in the backlog when it is killed.
  await engine.freeze();
  const before = httpd.engineConnections().length;
  const names = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(200_000));
  const waiting = names.map((name) => post(httpd, '/letter', `name=${name}`));
  await waitUntil('forms in the backlog', () => httpd.engineConnections().length > before + 1);
  await engine.kill();
  for (const { status, text } of await Promise.all(waiting)) {
    expect([status, text]).toEqual([200, scriptedPage]);
  }
  const prompts = provider.requests.slice(1).map(({ messages }) => messages.at(-1)?.content);
  expect(prompts.sort()).toEqual(names.map(letterTo));
  httpd.log.expect(killed, readyAgain);
});
