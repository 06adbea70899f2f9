import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import {
  enablePages,
  type Httpd,
  scriptedModel,
  sendRaw,
  test,
  waitUntil,
} from '../harness/index.ts';
import { fail, Gate, type ScriptedProvider, say } from '../provider/index.ts';
import { enableStatus, fewThreads, readScoreboard } from './few-threads.ts';
import { gated, opening, tokens } from './gated-page.ts';

const request = 'GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n';
const page = tokens.join('');

describe('the access log and mod_logio tell', () => {
  test('bytes, status and duration of a page', async ({ httpd, provider }) => {
    const gate = await serve(httpd, provider);
    const answer = sendRaw(httpd.port, request);
    await gate.arrived();
    await sleep(400);
    gate.open();
    const received = (await answer).length;
    const [status, inBytes, outBytes, body, micros, end] = await logged(httpd, '/page');
    expect([status, inBytes, outBytes, body, end]).toEqual([
      '200',
      String(request.length),
      String(received),
      String(page.length),
      '-',
    ]);
    expect(Number(micros)).toBeGreaterThanOrEqual(400_000);
    expect(Number(micros)).toBeLessThan(20_000_000);
  });

  test('that a visitor left in the middle', async ({ httpd, provider }) => {
    const gate = await serve(httpd, provider);
    const exchange = httpd.open('/page');
    gate.release(2);
    await exchange.waitFor('The first piece.');
    exchange.leave();
    const [status, , , body, , end] = await logged(httpd, '/page');
    expect([status, end]).toEqual(['200', 'X']);
    expect(Number(body)).toBeLessThan(page.length);
  });
});

test('mod_status counts suspended requests, and shows no thread busy with them', async ({
  httpd,
  provider,
}) => {
  enableStatus(httpd);
  fewThreads(httpd, 4);
  const gate = await serve(httpd, provider);
  const accesses = async () =>
    Number(/^Total Accesses: (\d+)$/m.exec((await httpd.get('/server-status?auto')).text)?.[1]);
  const before = await accesses();
  const exchanges = [1, 2, 3].map((n) => httpd.open(`/page?n=${n}`));
  await gate.arrived(3);
  gate.open();
  await Promise.all(exchanges.map(({ done }) => done));
  await waitUntil('the counts', async () => (await accesses()) >= before + 4);
  await waitUntil('one busy thread', async () => (await readScoreboard(httpd)) === 'W');
});

test('visitors who leave at the last byte leave nothing behind', async ({ httpd, provider }) => {
  fewThreads(httpd, 4);
  const gate = await serve(httpd, provider, 'MuseAiCacheEnable Off');
  gate.open();
  await Promise.all(Array.from({ length: 100 }, () => leaveAtTheEnd(httpd.port)));
  await waitUntil('all connections to be closed', () => connectionsOf(httpd) === 0);
  expect((await httpd.get('/page')).text).toBe(page);
});

describe('an ErrorDocument for a failure before the first byte', () => {
  test('is a page too', async ({ httpd, provider }) => {
    httpd.config.lines('ErrorDocument 502 /sorry.ai');
    await serve(httpd, provider);
    httpd.site.write('sorry.ai', 'Say sorry.');
    const sorry = [opening, '<p>Sorry!</p>', '</body></html>'];
    provider.script(scriptedModel, ({ messages }) =>
      messages.at(-1)?.content.includes('sorry') ? say(sorry) : fail(401),
    );
    const answers = await Promise.all([1, 2, 3, 4].map((n) => httpd.get(`/page?n=${n}`)));
    for (const { status, text, headers } of answers) {
      expect([status, text, headers.connection]).toEqual([502, sorry.join(''), 'close']);
    }
    httpd.log.allow(240);
  });

  test('is a file, and the connection ends', async ({ httpd, provider }) => {
    httpd.config.lines('ErrorDocument 502 /sorry.html');
    await serve(httpd, provider);
    httpd.site.write('sorry.html', 'x'.repeat(200_000));
    const gate = new Gate();
    provider.script(scriptedModel, fail(401, { before: [{ kind: 'hold', gate }] }));
    const exchange = httpd.open('/page');
    await gate.arrived();
    gate.open();
    const { status, text, headers, complete } = await exchange.done;
    expect([status, text.length, headers.connection, complete]).toEqual([
      502,
      200_000,
      'close',
      true,
    ]);
    httpd.log.allow(240);
  });
});

test('mod_reqtimeout lets a suspended request be', async ({ httpd, provider }) => {
  httpd.config
    .modules('reqtimeout')
    .lines('RequestReadTimeout header=1 body=1', 'KeepAliveTimeout 1', 'Timeout 1');
  const gate = await serve(httpd, provider);
  const exchange = httpd.open('/page');
  gate.release(2);
  await exchange.waitFor('The first piece.');
  await sleep(2500);
  gate.open();
  expect((await exchange.done).text).toBe(page);
});

async function serve(
  httpd: Httpd,
  provider: ScriptedProvider,
  ...lines: readonly string[]
): Promise<Gate> {
  httpd.config.lines('CustomLog logs/access.log "%U %>s %I %O %B %D %X"');
  enablePages(httpd, provider, ...lines);
  httpd.site.write('page.ai', 'Write about {{ query.n }}.');
  const gate = gated(provider);
  await httpd.start();
  return gate;
}

/** The fields of the access log's line of a path, once it is there. */
async function logged(httpd: Httpd, path: string): Promise<readonly string[]> {
  const file = httpd.environment.path('logs', 'access.log');
  return waitUntil(`${path} in the access log`, () =>
    (existsSync(file) ? readFileSync(file, 'utf8') : '')
      .split('\n')
      .filter((line) => line.startsWith(`${path} `))
      .map((line) => line.split(' ').slice(1))
      .at(0),
  );
}

/** Breaks the connection off as soon as the page is whole. */
function leaveAtTheEnd(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => {
      text += piece;
      if (text.endsWith('\r\n0\r\n\r\n')) socket.resetAndDestroy();
    });
    socket.on('close', () => (text.includes('</html>') ? resolve() : reject(new Error(text))));
    socket.on('error', reject);
  });
}

/** How many connections to visitors httpd has. */
function connectionsOf(httpd: Httpd): number {
  const port = httpd.port.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .filter((line) => new RegExp(`^\\s*\\d+: \\w+:${port} \\w+:\\w+ (01|08)`).test(line)).length;
}
