import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  BadHeadError,
  type Handler,
  type Header,
  type PageRequest,
  type Reply,
  ReplyOrderError,
} from '../../src/exchange.ts';
import {
  encodeBegin,
  encodeGetValues,
  encodeNameValues,
  encodeStream,
  encodeStreamEnd,
  PROTOCOL_STATUS,
  RECORD,
  ROLE_RESPONDER,
} from '../../src/fastcgi/codec.ts';
import { type FastCgiOptions, type FastCgiServer, serveFastCgi } from '../../src/fastcgi/server.ts';
import { FastCgiClient } from '../harness/fastcgi-client.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { ListLog } from './support/log.ts';

const HTML: Header[] = [['Content-Type', 'text/html; charset=utf-8']];

let folder: string;
let path: string;
let log: ListLog;
let server: FastCgiServer | undefined;
const clients: FastCgiClient[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muse-fastcgi-'));
  path = join(folder, 'socket');
  log = new ListLog();
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  server?.abort();
  server = undefined;
  rmSync(folder, { recursive: true });
});

async function serve(handler: Handler, options: FastCgiOptions = {}): Promise<void> {
  server = await serveFastCgi(path, handler, { log, ...options });
}

async function connect(): Promise<FastCgiClient> {
  const client = await FastCgiClient.connect(path);
  clients.push(client);
  return client;
}

/** A handler whose calls the test makes itself. */
function scripted(): { handler: Handler; next(): Promise<Call> } {
  const calls: Call[] = [];
  let came = Promise.withResolvers<void>();
  return {
    handler(request, reply) {
      const done = Promise.withResolvers<void>();
      calls.push({ request, reply, done: done.resolve, fail: done.reject });
      came.resolve();
      came = Promise.withResolvers();
      return done.promise;
    },
    async next() {
      for (;;) {
        const call = calls.shift();
        if (call !== undefined) return call;
        await came.promise;
      }
    },
  };
}

interface Call {
  readonly request: PageRequest;
  readonly reply: Reply;
  /** Lets the handler return, or throw. */
  done(): void;
  fail(error: unknown): void;
}

const answerParams: Handler = async (request, reply) => {
  let size = 0;
  for await (const piece of request.body) size += piece.length;
  reply.head(200, HTML);
  reply.write(`${JSON.stringify([...request.params])} ${size}`);
  reply.end('whole');
};

/** Lets the event loop go round: client and server live in it, and each reads once in a round. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function readBody(request: PageRequest): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of request.body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe('a request for another server', () => {
  test('is refused unanswered, and its connection takes the next', async () => {
    await serve(answerParams, { takes: (params) => params.get('FOR') === 'us' });
    const client = await connect();
    const answer = await client.ask({ params: { FOR: 'them' }, body: 'a form' }).whole();
    expect(answer).toMatchObject({
      status: 0,
      text: '',
      protocolStatus: PROTOCOL_STATUS.unknownRole,
    });
    expect(await client.ask({ params: { FOR: 'us' } }).whole()).toMatchObject({
      status: 200,
      protocolStatus: PROTOCOL_STATUS.requestComplete,
    });
  });
});

describe('a request and its answer', () => {
  test('go both ways, with a head, a body and an end', async () => {
    await serve(async (request, reply) => {
      reply.log('notice', 'MUSE0999: hello\nforged\u001b[0m');
      reply.head(404, [...HTML, ['ETag', '"a"']]);
      reply.write(`${request.params.get('PATH')} ü`);
      reply.write(new Uint8Array());
      reply.write('');
      reply.write(Buffer.from('!'));
      reply.end('whole');
    });
    const client = await connect();
    const answer = await client.ask({ params: { PATH: '/ä' } }).whole();
    expect(answer).toMatchObject({ status: 404, text: '/ä ü!', appStatus: 0, protocolStatus: 0 });
    expect(Object.fromEntries(answer.headers)).toEqual({
      status: '404',
      'content-type': 'text/html; charset=utf-8',
      etag: '"a"',
    });
    expect(answer.log).toEqual(['<5>MUSE0999: hello\\u000aforged\\u001b[0m']);
  });

  test('may come byte by byte', async () => {
    await serve(async (request, reply) => {
      const body = await readBody(request);
      reply.head(200, HTML);
      reply.write(`${request.params.get('A')}${body}`);
      reply.end('whole');
    });
    const client = await connect();
    const answer = client.expectAnswer();
    const bytes = Buffer.concat([
      encodeBegin(1, ROLE_RESPONDER, true),
      ...encodeStream(RECORD.params, 1, encodeNameValues([['A', 'x'.repeat(200)]])),
      encodeStreamEnd(RECORD.params, 1),
      ...encodeStream(RECORD.stdin, 1, Buffer.from('body')),
      encodeStreamEnd(RECORD.stdin, 1),
    ]);
    for (const byte of bytes) {
      client.socket.write(Uint8Array.of(byte));
      // Lets the byte go out alone.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await answer.whole()).text).toBe(`${'x'.repeat(200)}body`);
  });

  test('reuse their connection, even when the body was not read', async () => {
    let count = 0;
    await serve(async (_request, reply) => {
      count += 1;
      reply.head(200, HTML);
      reply.write(String(count));
      reply.end('whole');
    });
    const client = await connect();
    for (let turn = 1; turn <= 20; turn += 1) {
      const answer = await client.ask({ body: 'x'.repeat(turn * 20_000) }).whole();
      expect(answer.text).toBe(String(turn));
    }
  });

  test('close their connection when the client says so', async () => {
    await serve(answerParams);
    const client = await connect();
    const answer = await client.ask({ keep: false, body: 'abc' }).whole();
    expect(answer.text).toBe('[] 3');
    await client.closed;
  });

  test('are many at a time, on many connections', async () => {
    await serve(answerParams);
    const texts = Array.from({ length: 100 }, async (_, index) => {
      const client = await connect();
      return (await client.ask({ params: { N: String(index) } }).whole()).text;
    });
    expect(await Promise.all(texts)).toEqual(
      Array.from({ length: 100 }, (_, index) => `[["N","${index}"]] 0`),
    );
  });

  test('stream: each piece leaves before the next is written', async () => {
    const script = scripted();
    await serve(script.handler);
    const client = await connect();
    const answer = client.ask();
    const { reply, done } = await script.next();
    reply.head(200, HTML);
    expect((await answer.head()).status).toBe(200);
    for (const text of ['a', 'ab', 'abc']) {
      expect(reply.write(text.slice(-1))).toBe(undefined);
      const body = await answer.bodyUntil((got) => got.length >= text.length);
      expect(body.toString()).toBe(text);
    }
    reply.end('broken');
    done();
    expect(await answer.whole()).toMatchObject({ text: 'abc', appStatus: 1 });
  });

  test('of more than a record are cut into records', async () => {
    await serve(async (_request, reply) => {
      reply.head(200, HTML);
      await reply.write('é'.repeat(500_000));
      reply.end('whole');
    });
    const client = await connect();
    expect((await client.ask().whole()).text).toBe('é'.repeat(500_000));
  });
});

describe('a body', () => {
  test('larger than what is buffered waits for its reader', async () => {
    const script = scripted();
    await serve(script.handler);
    const client = await connect();
    const sent = Buffer.alloc(8_000_000, 'b');
    const answer = client.ask({ body: sent });
    const { request, reply, done } = await script.next();
    // The handler reads nothing yet: the client can't get rid of it all.
    await turns(500);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    let size = 0;
    for await (const piece of request.body) size += piece.length;
    expect(size).toBe(sent.length);
    reply.head(200, HTML);
    reply.end('whole');
    done();
    expect((await answer.whole()).status).toBe(200);
  });

  test('that is read in part does not keep the connection from the next request', async () => {
    const script = scripted();
    await serve(script.handler);
    const client = await connect();
    const answer = client.ask({ body: Buffer.alloc(4_000_000) });
    const { request, reply, done } = await script.next();
    const { value } = await request.body[Symbol.asyncIterator]().next();
    expect(value).toBeInstanceOf(Uint8Array);
    // By then the connection is paused.
    await turns(100);
    reply.head(200, HTML);
    reply.end('whole');
    done();
    expect((await answer.whole()).status).toBe(200);
    const next = client.ask();
    const second = await script.next();
    second.reply.head(204, []);
    second.reply.end('whole');
    second.done();
    expect((await next.whole()).status).toBe(204);
  });

  test('that nobody reads does not hide that its client leaves', async () => {
    const script = scripted();
    await serve(script.handler);
    const client = await connect();
    const answer = client.ask({ body: Buffer.alloc(1_000_000) });
    const { request, reply, done } = await script.next();
    reply.head(200, HTML);
    reply.write('a');
    await answer.bodyUntil((body) => body.length > 0);
    client.close();
    await waitUntil('the signal', () => request.signal.aborted);
    done();
  });

  test('can be read only once', async () => {
    await serve(async (request, reply) => {
      const first = await readBody(request);
      const second = await readBody(request).catch((error: Error) => error.message);
      reply.head(200, HTML);
      reply.write(`${first}, ${second}`);
      reply.end('whole');
    });
    const client = await connect();
    expect((await client.ask({ body: 'a' }).whole()).text).toMatch(/^a, .*only once/);
  });
});

describe('a client that leaves', () => {
  test.each(['abort', 'close'] as const)('by %s aborts the signal', async (how) => {
    const script = scripted();
    await serve(script.handler);
    const client = await connect();
    const answer = client.ask();
    const { request, reply, done } = await script.next();
    reply.head(200, HTML);
    reply.write('a');
    await answer.bodyUntil((body) => body.length > 0);
    expect(request.signal.aborted).toBe(false);
    const aborted = new Promise((resolve) => {
      request.signal.addEventListener('abort', resolve, { once: true });
    });
    if (how === 'abort') answer.abort();
    else client.close();
    await aborted;
    expect(request.signal.reason).toMatchObject({ name: 'AbortError' });
    // Nobody hears these; none of them throws.
    expect(reply.write('b')).toBe(undefined);
    reply.log('error', 'x');
    reply.head(200, HTML);
    reply.end('whole');
    done();
    if (how === 'close') return;
    expect(await answer.whole()).toMatchObject({ text: 'a', appStatus: 1 });
    const next = client.ask();
    const second = await script.next();
    expect(second.request.signal.aborted).toBe(false);
    second.reply.head(200, HTML);
    second.reply.end('whole');
    second.done();
    expect((await next.whole()).status).toBe(200);
  });

  test('ends the reading of its body', async () => {
    const script = scripted();
    await serve(script.handler);
    const client = await connect();
    client.send([
      encodeBegin(1, ROLE_RESPONDER, true),
      encodeStreamEnd(RECORD.params, 1),
      ...encodeStream(RECORD.stdin, 1, Buffer.from('half')),
    ]);
    const { request, done } = await script.next();
    const body = readBody(request);
    client.close();
    await expect(body).rejects.toMatchObject({ name: 'AbortError' });
    done();
  });

  test('releases a writer that waits for it', async () => {
    const script = scripted();
    await serve(script.handler);
    for (const how of ['abort', 'close'] as const) {
      const client = await connect();
      client.socket.pause();
      const answer = client.ask();
      const { reply, done } = await script.next();
      reply.head(200, HTML);
      // More than the kernel takes.
      const waits = reply.write(Buffer.alloc(4_000_000));
      expect(waits).toBeInstanceOf(Promise);
      if (how === 'abort') answer.abort();
      else client.close();
      await waits;
      done();
    }
  });

  test('does not make an error of a handler that stops', async () => {
    const script = scripted();
    await serve(script.handler);
    const client = await connect();
    client.ask();
    const { request, fail } = await script.next();
    client.close();
    await waitUntil('the signal', () => request.signal.aborted);
    fail(request.signal.reason);
    const other = await connect();
    other.ask();
    const second = await script.next();
    other.close();
    await waitUntil('the signal', () => second.request.signal.aborted);
    second.fail(new TypeError('a real mistake'));
    expect(await log.waitFor('request-failed')).toMatch(/it threw TypeError/);
    expect(log.events).toHaveLength(1);
  });
});

describe('a slow reader', () => {
  test('makes the writer wait, and what waits is bounded', async () => {
    const script = scripted();
    await serve(script.handler);
    const client = await connect();
    client.socket.pause();
    const answer = client.ask();
    const { reply, done } = await script.next();
    reply.head(200, HTML);
    const piece = Buffer.alloc(16_384, 'x');
    const total = 2_000;
    let written = 0;
    let waited = 0;
    const writing = (async () => {
      for (; written < total; written += 1) {
        const wait = reply.write(piece);
        if (wait === undefined) continue;
        waited += 1;
        await wait;
      }
      reply.end('whole');
      done();
    })();
    await waitUntil('the writer to wait', () => waited > 0);
    await new Promise((resolve) => setImmediate(resolve));
    // The kernel's buffers and one of ours: nothing near the 32 MB that there are to write.
    expect(written * piece.length).toBeLessThan(2_000_000);
    client.socket.resume();
    await writing;
    expect((await answer.whole()).body.length).toBe(total * piece.length);
    expect(waited).toBeGreaterThan(10);
  });
});

describe('a handler’s mistake', () => {
  test('before the head is answered with 500', async () => {
    await serve(async () => {
      throw new TypeError('the key is sk-secret');
    });
    const client = await connect();
    const answer = await client.ask().whole();
    expect(answer).toMatchObject({ status: 500, text: '', appStatus: 0 });
    expect(answer.headers.get('muse-error')).toBe('request-failed');
    expect(answer.log.join('\n')).toMatch(/^<3>MUSE0261: .*TypeError at /);
    expect(answer.log.join('\n')).not.toContain('sk-secret');
    // The connection is as good as before.
    expect((await client.ask().whole()).status).toBe(500);
  });

  test('after the head breaks the answer off', async () => {
    await serve(async (_request, reply) => {
      reply.head(200, HTML);
      reply.write('a');
      throw 'nothing much';
    });
    const client = await connect();
    const answer = await client.ask().whole();
    expect(answer).toMatchObject({ status: 200, text: 'a', appStatus: 1 });
    expect(answer.log.join()).toContain('it threw a string');
  });

  test.each([
    [false, 500, 0],
    [true, 200, 1],
  ])(
    'of returning without an end is not the client’s: head %s',
    async (head, status, appStatus) => {
      await serve(async (_request, reply) => {
        if (head) reply.head(200, HTML);
      });
      const client = await connect();
      expect(await client.ask().whole()).toMatchObject({ status, appStatus });
    },
  );

  test('that is thrown at once, not in its promise, is the same', async () => {
    await serve(() => {
      throw new Error('at once');
    });
    const client = await connect();
    expect((await client.ask().whole()).status).toBe(500);
  });

  test('in the order of calls is told to it', async () => {
    const errors: unknown[] = [];
    const attempt = (call: () => void): void => {
      try {
        call();
      } catch (error) {
        errors.push(error);
      }
    };
    await serve(async (_request, reply) => {
      attempt(() => reply.write('too early'));
      attempt(() => reply.end('whole'));
      reply.head(200, HTML);
      attempt(() => reply.head(200, HTML));
      reply.end('whole');
      attempt(() => reply.write('too late'));
      attempt(() => reply.end('whole'));
    });
    const client = await connect();
    expect((await client.ask().whole()).text).toBe('');
    expect(errors).toHaveLength(5);
    for (const error of errors) expect(error).toBeInstanceOf(ReplyOrderError);
  });
});

describe('a head', () => {
  test.each<[string, number, Header[], string]>([
    ['a line break in a value', 200, [['X-A', 'a\r\nSet-Cookie: b']], 'value'],
    ['a line feed in a value', 200, [['X-A', 'a\nb']], 'value'],
    ['a NUL in a value', 200, [['X-A', 'a\0b']], 'value'],
    ['a letter beyond ASCII', 200, [['X-A', 'ü']], 'value'],
    ['a name with a colon', 200, [['X-A: b\r\nX-B', 'a']], 'name'],
    ['a name with a space', 200, [['X A', 'a']], 'name'],
    ['an empty name', 200, [['', 'a']], 'name'],
    ['a second status', 200, [['sTatus', '302']], 'name'],
    ['an interim status', 100, [], 'status'],
    ['no status', Number.NaN, [], 'status'],
  ])('is refused with %s, and another may be sent', async (_name, status, headers, part) => {
    let refusal: unknown;
    await serve(async (_request, reply) => {
      try {
        reply.head(status, headers);
      } catch (error) {
        refusal = error;
      }
      reply.head(502, []);
      reply.end('whole');
    });
    const client = await connect();
    const answer = await client.ask().whole();
    expect([...answer.headers]).toEqual([['status', '502']]);
    expect(refusal).toBeInstanceOf(BadHeadError);
    expect(refusal).toMatchObject({ part });
  });
});

describe('parameters', () => {
  test('of 60 KB are taken', async () => {
    await serve(answerParams);
    const client = await connect();
    const value = 'v'.repeat(60_000);
    const answer = await client.ask({ params: { A: value } }).whole();
    expect(answer.text).toBe(`[["A","${value}"]] 0`);
  });

  test.each([
    ['100 KB in one value', { A: 'v'.repeat(100_000) }],
    [
      '100 KB in many',
      Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`N${n}`, 'v'.repeat(1_000)])),
    ],
    ['a name of 300 bytes', { ['N'.repeat(300)]: '' }],
  ])('of %s are answered with 431, and the connection stays', async (_name, params) => {
    const script = scripted();
    await serve(script.handler);
    const client = await connect();
    const answer = await client.ask({ params, body: 'ignored' }).whole();
    expect(answer).toMatchObject({ status: 431, appStatus: 0 });
    expect(answer.headers.get('muse-error')).toBe('request-invalid');
    expect(answer.log.join()).toMatch(/^<3>MUSE0260: .* bytes/);
    expect(answer.log.join()).not.toContain('vvv');
    const next = client.ask({ params: { A: 'b' } });
    const call = await script.next();
    expect([...call.request.params]).toEqual([['A', 'b']]);
    call.reply.head(200, HTML);
    call.reply.end('whole');
    call.done();
    expect((await next.whole()).status).toBe(200);
  });
});

describe('the protocol', () => {
  test('allows one request at a time on a connection', async () => {
    const script = scripted();
    await serve(script.handler);
    const client = await connect();
    const answer = client.ask();
    const { reply, done } = await script.next();
    client.send([
      encodeBegin(2, ROLE_RESPONDER, true),
      encodeStreamEnd(RECORD.params, 2),
      encodeStreamEnd(RECORD.stdin, 2),
    ]);
    const refusal = await client.event((event) => event.type === 'end');
    expect(refusal).toMatchObject({
      requestId: 2,
      protocolStatus: PROTOCOL_STATUS.cantMultiplex,
    });
    reply.head(200, HTML);
    reply.end('whole');
    done();
    expect((await answer.whole()).status).toBe(200);
  });

  test('knows no role but that of a responder', async () => {
    await serve(answerParams);
    const client = await connect();
    const answer = client.expectAnswer();
    client.send([encodeBegin(1, 2, true), encodeStreamEnd(RECORD.params, 1)]);
    expect((await answer.whole()).protocolStatus).toBe(PROTOCOL_STATUS.unknownRole);
    expect((await client.ask().whole()).status).toBe(200);
    client.send([encodeBegin(1, 3, false)]);
    await client.closed;
  });

  test('answers what it is asked, and names the records that it does not know', async () => {
    await serve(answerParams);
    const client = await connect();
    client.send([encodeGetValues(['FCGI_MPXS_CONNS', 'FCGI_OTHER'])]);
    const values = await client.event((event) => event.type === 'get-values-result');
    expect(values).toMatchObject({ values: new Map([['FCGI_MPXS_CONNS', '0']]) });
    client.send([Buffer.from('016300000003000061626300', 'hex').subarray(0, 11)]);
    const unknown = await client.event((event) => event.type === 'unknown-type');
    expect(unknown).toMatchObject({ recordType: 0x63 });
  });

  test('ignores records of a request that is over', async () => {
    await serve(answerParams);
    const client = await connect();
    await client.ask().whole();
    client.send([
      encodeStreamEnd(RECORD.stdin, 1),
      ...encodeStream(RECORD.params, 9, Buffer.from('x')),
      Buffer.from('0102000900000000', 'hex'),
    ]);
    expect((await client.ask().whole()).status).toBe(200);
    expect(log.events).toEqual([]);
  });

  test.each([
    ['no FastCGI', Buffer.from('GET / HTTP/1.1\r\n\r\n'), /bad-version/],
    ['a record for answers', encodeStreamEnd(RECORD.stdout, 1), /out-of-place/],
    [
      'a request that begins twice',
      Buffer.concat([encodeBegin(1, ROLE_RESPONDER, true), encodeBegin(1, ROLE_RESPONDER, true)]),
      /out-of-place/,
    ],
    [
      'parameters that end in a pair',
      Buffer.concat([
        encodeBegin(1, ROLE_RESPONDER, true),
        ...encodeStream(RECORD.params, 1, Buffer.from([5, 5, 65])),
        encodeStreamEnd(RECORD.params, 1),
      ]),
      /cut-pair/,
    ],
  ])('closes the connection for %s, and says why', async (_name, bytes, message) => {
    await serve(answerParams);
    const client = await connect();
    client.send([bytes]);
    await client.closed;
    expect(await log.waitFor('request-invalid')).toMatch(message);
    expect((await (await connect()).ask().whole()).status).toBe(200);
  });
});

describe('draining', () => {
  test('closes idle connections, finishes requests under way, and takes no more', async () => {
    const script = scripted();
    await serve(script.handler);
    const idle = await connect();
    const busy = await connect();
    const answer = busy.ask();
    const { reply, done, request } = await script.next();
    reply.head(200, HTML);
    reply.write('a');
    await answer.bodyUntil((body) => body.length > 0);
    let drained = false;
    const draining = server?.drain().then(() => {
      drained = true;
    });
    await idle.closed;
    await expect(FastCgiClient.connect(path)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(drained).toBe(false);
    expect(request.signal.aborted).toBe(false);
    reply.write('b');
    reply.end('whole');
    expect((await answer.whole()).text).toBe('ab');
    await busy.closed;
    done();
    await draining;
    expect(server?.drain()).toBe(server?.drain());
  });

  test('answers a request that had come before it', async () => {
    await serve(answerParams);
    const client = await connect();
    await client.ask().whole();
    const answer = client.ask({ params: { LAST: '1' } });
    await waitUntil('the request to be sent', () => client.socket.writableLength === 0);
    const draining = server?.drain();
    expect((await answer.whole()).text).toBe('[["LAST","1"]] 0');
    await draining;
  });

  test('does not cut off a slow reader', async () => {
    await serve(async (_request, reply) => {
      reply.head(200, HTML);
      await reply.write(Buffer.alloc(3_000_000, 'x'));
      reply.end('whole');
    });
    const client = await connect();
    client.socket.pause();
    const answer = client.ask();
    await waitUntil('the first bytes', () => client.socket.bytesRead > 0);
    const draining = server?.drain();
    client.socket.resume();
    expect((await answer.whole()).body.length).toBe(3_000_000);
    await draining;
  });

  test('is cut short by an abort', async () => {
    const script = scripted();
    await serve(script.handler);
    const client = await connect();
    client
      .ask()
      .whole()
      .catch(() => undefined);
    const { request, done } = await script.next();
    const draining = server?.drain();
    server?.abort();
    expect(request.signal.aborted).toBe(true);
    done();
    await draining;
    await client.closed;
  });
});
