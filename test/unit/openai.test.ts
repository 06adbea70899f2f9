import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { systemClock } from '../../src/clock.ts';
import type { MuseError } from '../../src/errors.ts';
import { buildModel } from '../../src/models/model.ts';
import { modelSchema } from '../../src/models/schema.ts';
import { retryAfter } from '../../src/providers/failures.ts';
import { createOpenAiProvider } from '../../src/providers/openai.ts';
import type { CompletionRequest } from '../../src/providers/provider.ts';
import { type CallListener, createTransport } from '../../src/providers/transport.ts';
import {
  comment,
  cut,
  fail,
  finish,
  Gate,
  garbage,
  head,
  hold,
  raw,
  reasoning,
  redirect,
  type ScriptedProvider,
  say,
  stall,
  startProvider,
  stream,
  streamError,
  text,
} from '../provider/index.ts';
import { ManualClock } from './support/clock.ts';
import { eventsOf, type ProviderEvent } from './support/provider.ts';

let server: ScriptedProvider;
beforeEach(async () => {
  server = await startProvider();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

const request: CompletionRequest = {
  messages: [
    { role: 'system', content: 'You write pages.' },
    { role: 'user', content: 'Write about the grey heron — ünïcödé.' },
  ],
  temperature: undefined,
  maxTokens: 100,
  contentType: 'text/html',
  timeout: 300,
};

/** Too long for a name: no server of names is asked for it, which may take its time or say nothing. */
const host = `${'x'.repeat(64)}.invalid`;
const nowhere = { host, url: `http://${host}/v1` };

interface Setup {
  readonly fields?: object;
  readonly apiKey?: string;
  readonly url?: string;
  readonly clock?: Clock;
  readonly environment?: Record<string, string>;
}

function provider({ fields = {}, apiKey, url = server.url, clock, environment = {} }: Setup = {}) {
  return createOpenAiProvider({
    model: buildModel(modelSchema.parse({ name: 'm', ...fields }), {}),
    target: { url, apiKey },
    transport: createTransport(environment),
    clock: clock ?? systemClock,
  });
}

async function collect(setup: Setup = {}, change: Partial<CompletionRequest> = {}) {
  const events: ProviderEvent[] = [];
  for await (const event of eventsOf(provider(setup), { ...request, ...change })) {
    events.push(event);
  }
  return events;
}

const textOf = (events: readonly ProviderEvent[]) =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('');

describe('a request to an OpenAI-compatible endpoint', () => {
  test('asks for a stream with the model’s settings, and nothing that is not set', async () => {
    await collect();
    expect(server.requests[0]?.body).toEqual({
      model: 'm',
      messages: request.messages,
      stream: true,
      max_tokens: 100,
    });
    const fields = {
      model: 'up',
      top_p: 0.5,
      stop: ['END'],
      stream_usage: true,
      headers: { 'X-Title': 'Our site' },
    };
    await collect({ fields }, { temperature: 0, maxTokens: 0 });
    expect(server.requests[1]?.body).toEqual({
      model: 'up',
      messages: request.messages,
      stream: true,
      temperature: 0,
      top_p: 0.5,
      stop: ['END'],
      stream_options: { include_usage: true },
    });
    expect(server.requests[1]?.headers['x-title']).toBe('Our site');
  });

  test('carries the key of its endpoint, or none', async () => {
    await collect({ apiKey: 'the-key' });
    await collect();
    await collect({ apiKey: 'the-key', fields: { headers: { Authorization: 'Basic abc' } } });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer the-key',
      undefined,
      'Basic abc',
    ]);
  });

  test('holds nothing that OpenAI’s own clients read from the environment', async () => {
    for (const name of ['API_KEY', 'ADMIN_KEY', 'ORG_ID', 'PROJECT_ID', 'WEBHOOK_SECRET']) {
      vi.stubEnv(`OPENAI_${name}`, 'from-the-environment');
    }
    vi.stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:9/v1');
    vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'X-Leak: from-the-environment');
    await collect();
    expect(Object.keys(server.requests[0]?.headers ?? {}).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'content-length',
      'content-type',
      'host',
      'user-agent',
    ]);
    expect(server.requests[0]?.headers['user-agent']).toBe('mod_muse_ai');
  });

  test('goes through the proxy of the environment that the engine was given', async () => {
    const { host, url } = nowhere;
    const proxy = new URL(server.url).origin;
    expect(textOf(await collect({ url, environment: { http_proxy: proxy } }))).toContain('<');
    expect(server.requests[0]).toMatchObject({
      path: `${url}/chat/completions`,
      headers: { host },
    });
    const direct = { http_proxy: proxy, no_proxy: host };
    await expect(collect({ url, environment: direct })).rejects.toMatchObject({
      code: 'provider-unreachable',
    });
  });

  test('uses one connection for one call after another', async () => {
    await using endpoint = await countingEndpoint(() => 'answer');
    const one = provider({ url: endpoint.url });
    for (let i = 0; i < 5; i++) await finishes(one);
    expect([endpoint.connections(), endpoint.requests()]).toEqual([1, 5]);
  });

  test('goes out once more when the connection that was kept for it is closed', async () => {
    await using endpoint = await countingEndpoint((nth) => (nth > 1 ? 'close' : 'answer'));
    const one = provider({ url: endpoint.url });
    for (let i = 0; i < 3; i++) await finishes(one);
    expect(endpoint.requests()).toBeGreaterThan(3);
  });

  test.for([
    ['a kept connection is reset', 'answer', 'reset', 2],
    ['a new connection is closed', 'close', 'close', 1],
    ['a new connection is reset', 'reset', 'reset', 1],
    ['a new connection is closed in the middle of a head', 'part', 'part', 1],
    ['a new connection is closed after an early hint', 'hint', 'hint', 1],
    ['a kept connection is closed after an early hint', 'answer', 'hint', 2],
  ] as const)('does not go out again when %s', async ([, first, later, requests]) => {
    await using endpoint = await countingEndpoint((nth) => (nth === 1 ? first : later));
    const one = provider({ url: endpoint.url });
    if (first === 'answer') await finishes(one);
    await expect(finishes(one)).rejects.toMatchObject({ code: 'provider-cut-off' });
    expect(endpoint.requests()).toBe(requests);
  });

  test('goes out again through a proxy by the same rules', async () => {
    const through = async (acts: Parameters<typeof countingEndpoint>[0], calls: number) => {
      await using proxy = await countingEndpoint(acts);
      const environment = { http_proxy: new URL(proxy.url).origin };
      const one = provider({ url: 'http://api.example/v1', environment });
      const outcomes = [];
      for (let i = 0; i < calls; i++) {
        outcomes.push(await finishes(one).catch(({ code }: MuseError) => code));
      }
      return [...outcomes, proxy.requests()];
    };
    expect(await through((nth) => (nth > 1 ? 'close' : 'answer'), 2)).toEqual([
      undefined,
      undefined,
      3,
    ]);
    for (const act of ['close', 'part', 'hint'] as const) {
      expect(await through(() => act, 1), act).toEqual(['provider-cut-off', 1]);
    }
  });
});

async function finishes(one: ReturnType<typeof provider>): Promise<void> {
  for await (const event of eventsOf(one, request)) expect(event.type).toBe('finish');
  // The connection is free for the next call a turn later.
  await new Promise((resolve) => setImmediate(resolve));
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}/v1`;
}

/** What comes of an answer before the connection is closed. */
const PARTS = {
  part: 'HTTP/1.1 200 OK\r\nContent-T',
  hint: 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n',
};

/** An endpoint that answers at once, or does something else to the nth request of a connection. */
async function countingEndpoint(
  acts: (nth: number) => 'answer' | 'close' | 'reset' | keyof typeof PARTS,
) {
  let connections = 0;
  let requests = 0;
  const onConnection = new WeakMap<object, number>();
  const endpoint = createServer((asked, response) => {
    const nth = (onConnection.get(asked.socket) ?? 0) + 1;
    onConnection.set(asked.socket, nth);
    requests += 1;
    const act = acts(nth);
    if (act === 'close') asked.resume().on('end', () => asked.socket.end());
    if (act === 'reset') asked.socket.resetAndDestroy();
    if (act === 'part' || act === 'hint') {
      asked.resume().on('end', () => asked.socket.end(PARTS[act]));
    }
    if (act !== 'answer') return;
    response.setHeader('content-type', 'text/event-stream');
    response.end('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
  }).on('connection', () => {
    connections += 1;
  });
  await once(endpoint.listen(0, '127.0.0.1'), 'listening');
  return {
    url: urlOf(endpoint),
    connections: () => connections,
    requests: () => requests,
    async [Symbol.asyncDispose]() {
      endpoint.closeAllConnections();
      endpoint.close();
    },
  };
}

describe('an answer', () => {
  test.for([
    { pieceBytes: 1 },
    { pieceBytes: 7 },
    { together: true },
    { newline: '\r\n' as const },
  ])('is the same however it lies on the wire: %j', async (wire) => {
    server.script('m', say(['Grüße, ', '世界 ', '🦩', ' "\\n" ', '\u2028'], wire));
    const events = await collect();
    expect(textOf(events)).toBe('Grüße, 世界 🦩 "\\n" \u2028');
    expect(events.at(-1)).toEqual({ type: 'finish', reason: 'stop' });
  });

  test('comes piece by piece, each before the next is sent', async () => {
    const gate = new Gate();
    server.script('m', say(['a', 'b'], { gate }));
    const events = eventsOf(provider(), request);
    const first = events.next();
    gate.release();
    expect((await first).value).toEqual({ type: 'text', text: 'a' });
    const second = events.next();
    gate.release();
    expect((await second).value).toEqual({ type: 'text', text: 'b' });
    expect((await events.next()).value).toMatchObject({ type: 'finish' });
    expect((await events.next()).done).toBe(true);
  });

  test('tells reasoning apart from text, whatever the field is called', async () => {
    server.script(
      'm',
      stream([reasoning('Hm.'), reasoning('So.', 'reasoning'), text('Yes.'), finish()]),
    );
    expect(await collect()).toEqual([
      { type: 'reasoning', text: 'Hm.' },
      { type: 'reasoning', text: 'So.' },
      { type: 'text', text: 'Yes.' },
      { type: 'finish', reason: 'stop' },
    ]);
  });

  test('tells its usage where it was asked for', async () => {
    const events = await collect({ fields: { stream_usage: true } });
    expect(events.at(-1)).toMatchObject({
      reason: 'stop',
      usage: { inputTokens: expect.any(Number), outputTokens: expect.any(Number) },
    });
  });

  test('has a usage that can be counted with, whatever the endpoint says', async () => {
    const usage = '{"prompt_tokens":-1,"completion_tokens":1.5}';
    const huge = usage.replace('-1', '1e300').replace('1.5', '"9"');
    const told = async (said: string) => {
      server.script('m', stream([finish(), raw(`data: {"choices":[],"usage":${said}}\n\n`)]));
      return (await collect()).at(-1);
    };
    expect(await told(usage)).toMatchObject({ usage: { inputTokens: 0, outputTokens: 2 } });
    expect(await told(huge)).toMatchObject({ usage: { inputTokens: 1e9, outputTokens: 0 } });
  });

  test.for([
    ['length', 'length'],
    ['content_filter', 'content_filter'],
    ['tool_calls', 'other'],
  ] as const)('that ends with the finish_reason %s says so', async ([sent, told]) => {
    server.script('m', say('Once', { finish: sent }));
    expect((await collect()).at(-1)).toEqual({ type: 'finish', reason: told });
  });

  test('may come without [DONE], with comments, and with chunks that hold nothing', async () => {
    const empty = raw('data: {"id":"x","object":"chat.completion.chunk","choices":[]}\n\n');
    server.script('m', stream([comment(), empty, text('a'), comment(), finish()], {}, false));
    expect(textOf(await collect())).toBe('a');
  });

  test('is whole with [DONE]: the connection may stay open, but not for long', async () => {
    const done = raw('data: [DONE]\n\n');
    server.script('m', stream([text('a'), finish(), done, stall()], {}, false));
    expect(textOf(await collect())).toBe('a');
    expect(await server.requests[0]?.settled).toBe('aborted');
  });

  test('has the reason at its end, where the chunks before it have an empty one', async () => {
    const chunk = (content: string, reason: string) =>
      raw(`data: {"choices":[{"delta":{"content":"${content}"},"finish_reason":"${reason}"}]}\n\n`);
    server.script('m', stream([chunk('a', ''), chunk('', 'stop'), chunk('', '')], {}, false));
    expect((await collect()).at(-1)).toEqual({ type: 'finish', reason: 'stop' });
    server.script('m', stream([chunk('a', '')], {}, false));
    await expect(collect()).rejects.toMatchObject({ code: 'provider-cut-off' });
  });
});

describe('a failure', () => {
  const failing = async (setup: Setup = {}) => {
    try {
      await collect(setup);
    } catch (error) {
      return error;
    }
    throw new Error('it did not fail');
  };

  test.for([
    [401, 'provider-refused-key', 502, /refused the key; check api_key.*PassEnv/],
    [403, 'provider-refused-key', 502, /refused the key/],
    [404, 'provider-unknown-model', 502, /knows no model "m"/],
    [429, 'provider-busy', 503, /rate limit or quota/],
    [400, 'provider-rejected', 502, /status 400/],
    [422, 'provider-rejected', 502, /status 422/],
    [500, 'provider-failed', 502, /status 500/],
    [503, 'provider-failed', 502, /status 503/],
  ] as const)('by status %d is %s', async ([status, code, answer, detail]) => {
    server.script('m', fail(status));
    expect(await failing({ apiKey: 'the-key' })).toMatchObject({
      code,
      status: answer,
      message: expect.stringMatching(detail),
    });
  });

  test('without a key says that none was sent', async () => {
    server.script('m', fail(401));
    expect(await failing()).toMatchObject({
      message: expect.stringMatching(/no key was sent; set api_key/),
    });
  });

  test.for([
    [7, 7],
    [0, 1],
    [1.2, 2],
    [86_400, 3_600],
    ['soon', undefined],
  ] as const)('with Retry-After %s is passed on as %s', async ([sent, told]) => {
    server.script('m', fail(429, { retryAfter: sent }));
    expect(await failing()).toMatchObject({ retryAfter: told });
  });

  test('with a date for Retry-After is passed on as the seconds until then', () => {
    const now = Date.UTC(2030, 0, 1, 12, 0, 0);
    expect(retryAfter('Tue, 01 Jan 2030 12:01:40 GMT', now)).toBe(100);
    expect(retryAfter('Tue, 01 Jan 2030 11:00:00 GMT', now)).toBe(1);
    expect(retryAfter('Wed, 02 Jan 2030 12:00:00 GMT', now)).toBe(3_600);
  });

  test('to connect is provider-unreachable, and says where', async () => {
    const { url } = server;
    await server.refuse();
    expect(await failing()).toMatchObject({
      code: 'provider-unreachable',
      status: 502,
      message: expect.stringMatching(/at http:.*ECONNREFUSED/),
    });
    await server.listen();
    expect(await failing({ url: url.replace('http:', 'https:') })).toMatchObject({
      code: 'provider-unreachable',
    });
    expect(await failing({ url: nowhere.url })).toMatchObject({
      code: 'provider-unreachable',
      message: expect.stringContaining(nowhere.host),
    });
  });

  test.for([
    ['before the head', stream([cut()])],
    ['by a reset', stream([cut('reset')])],
  ] as const)('that breaks the connection %s is told as such', async ([, script]) => {
    server.script('m', script);
    expect(await failing()).toMatchObject({
      status: 502,
      code: 'provider-cut-off',
      message: expect.stringContaining('broke before an answer'),
    });
  });

  test('that breaks the stream comes after what was sent', async () => {
    const gate = new Gate();
    server.script('m', stream([text('Once'), hold(gate), cut('reset')]));
    const events = eventsOf(provider(), request);
    expect((await events.next()).value).toEqual({ type: 'text', text: 'Once' });
    gate.open();
    await expect(events.next()).rejects.toMatchObject({ code: 'provider-cut-off' });
  });

  test('to finish is provider-cut-off, also when the stream ends in order', async () => {
    server.script('m', say('Once', { finish: null }));
    expect(await failing()).toMatchObject({
      code: 'provider-cut-off',
      message: expect.stringContaining('finish_reason'),
    });
    server.script('m', stream([head(), cut()]));
    expect(await failing()).toMatchObject({ code: 'provider-cut-off' });
  });

  test('in the stream is provider-failed', async () => {
    server.script('m', stream([text('Once'), streamError('Out of memory')]));
    expect(await failing()).toMatchObject({
      code: 'provider-failed',
      message: expect.stringContaining('Out of memory'),
    });
  });

  test('is known by its status also where its words break off', async () => {
    const broken = createServer((_, response) => {
      response.writeHead(429, { 'retry-after': '7', 'content-length': '100' });
      response.write('Sorry', () => response.destroy());
    });
    await once(broken.listen(0, '127.0.0.1'), 'listening');
    try {
      const error = await collect({ url: urlOf(broken) }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'provider-busy', answered: 429, retryAfter: 7 });
    } finally {
      broken.close();
    }
  });

  test('to leave an answer uncompressed is told as such', async () => {
    const compressing = createServer((asked, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      response.end(gzipSync(`data: ${asked.headers['accept-encoding']}\n\n`));
    });
    await once(compressing.listen(0, '127.0.0.1'), 'listening');
    try {
      const error = await collect({ url: urlOf(compressing) }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'provider-nonsense',
        message: expect.stringMatching(/the coding "gzip"/),
      });
    } finally {
      compressing.close();
    }
  });

  test('to speak the protocol is provider-nonsense', async () => {
    for (const script of [
      garbage(),
      garbage('{"choices": []}', 'application/json; charset=utf-8'),
      stream([text('a'), raw('data: {"oh no\n\n'), finish()]),
    ]) {
      server.script('m', script);
      expect(await failing()).toMatchObject({ code: 'provider-nonsense', status: 502 });
    }
  });

  test('by redirect is not followed: the key stays with its endpoint', async () => {
    await using other = await startProvider();
    for (const status of [301, 302, 307, 308]) {
      server.script('m', redirect(`${other.url}/chat/completions?key=x`, status));
      expect(await failing({ apiKey: 'the-key' })).toMatchObject({
        code: 'provider-redirected',
        message: expect.stringContaining(`${other.url}/chat/completions,`),
      });
    }
    expect(other.received).toBe(0);
  });

  test('tells neither the key nor what the provider repeats of the prompt', async () => {
    const message = 'Key the-secret-key may not ask "Write about the grey heron — ünïcödé." today';
    for (const script of [
      fail(401, { message }),
      fail(500, { body: message }),
      fail(400, { message }),
      stream([streamError(message)]),
      redirect(`http://127.0.0.1:9/the-secret-key?q=${encodeURIComponent(message)}`),
      garbage(message),
    ]) {
      server.script('m', script);
      expect(String(await failing({ apiKey: 'the-secret-key' }))).not.toMatch(
        /secret|heron|ünïcödé/,
      );
    }
  });

  test('with an endless body is told after its beginning', async () => {
    server.script('m', fail(500, { body: 'x'.repeat(5_000_000) }));
    expect(await failing()).toMatchObject({ code: 'provider-failed' });
    expect(String(await failing()).length).toBeLessThan(600);
  });
});

describe('a timer', () => {
  /** Starts a call on a clock that the test moves; `wait` lets real I/O happen until it is so. */
  function call(timeouts: object, timeout = 300) {
    const clock = new ManualClock();
    const setup = { clock, fields: { timeouts } };
    const events = eventsOf(provider(setup), { ...request, timeout });
    return { clock, events };
  }

  test('ends a call whose first piece does not come in time, whatever else has come', async () => {
    const clock = new ManualClock();
    const role = 'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n';
    let ended = 0;
    const late = createOpenAiProvider({
      model: buildModel(modelSchema.parse({ name: 'm', timeouts: { first: 7 } }), {}),
      target: { url: server.url, apiKey: undefined },
      transport: (_address, _body, listener) => {
        queueMicrotask(() => {
          listener.connected();
          listener.head(200, (name) => (name === 'content-type' ? 'text/event-stream' : undefined));
          listener.data(Buffer.from(role));
          clock.advance(7_000);
        });
        return () => {
          ended += 1;
        };
      },
      clock,
    });
    await expect(eventsOf(late, request).next()).rejects.toMatchObject({
      code: 'provider-slow',
      status: 504,
      message: expect.stringMatching(/within 7 s; see timeouts\.first/),
    });
    expect(ended).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test('that ends a call is seen by the endpoint at once', async () => {
    server.script('m', stream([head(), comment(), comment(), stall()]));
    const { clock, events } = call({ first: 7 });
    const first = events.next();
    const asked = await server.request(0);
    clock.advance(7_000);
    await expect(first).rejects.toMatchObject({ code: 'provider-slow' });
    expect(await asked.settled).toBe('aborted');
  });

  test('ends a call that does not go on, and begins anew with each piece', async () => {
    const gate = new Gate();
    server.script('m', stream([text('a'), hold(gate), reasoning('b'), stall()]));
    const { clock, events } = call({ idle: 5 });
    expect((await events.next()).value).toMatchObject({ text: 'a' });
    clock.advance(4_000);
    gate.open();
    expect((await events.next()).value).toMatchObject({ text: 'b' });
    clock.advance(4_000);
    const next = events.next();
    clock.advance(1_000);
    await expect(next).rejects.toMatchObject({
      code: 'provider-slow',
      message: expect.stringContaining('timeouts.idle'),
    });
    expect(await server.requests[0]?.settled).toBe('aborted');
  });

  test.for([
    ['MuseAiTimeout', {}, 20, 20],
    ['the model’s total', { total: 10 }, 20, 10],
    ['MuseAiTimeout even where the model allows more', { total: 30 }, 20, 20],
  ] as const)('ends a call after %s', async ([, timeouts, directive, seconds]) => {
    server.script('m', stream([text('a'), stall()]));
    const { clock, events } = call(timeouts, directive);
    await events.next();
    const next = events.next();
    clock.advance(seconds * 1_000);
    await expect(next).rejects.toMatchObject({
      code: 'provider-slow',
      message: expect.stringMatching(new RegExp(`within ${seconds} s; see timeouts.total or Muse`)),
    });
  });

  test.each([
    ['in five seconds', {}, 5_000],
    ['where the answer had to begin before, too', { first: 2 }, 2_000],
    ['where all the time is over before, too', { total: 2 }, 2_000],
  ])('ends an error that does not end by its status, %s', async (_, timeouts, ms) => {
    const endless = createServer((_, response) => {
      response.writeHead(503, { 'retry-after': '7' });
      response.write('Sorry');
    });
    await once(endless.listen(0, '127.0.0.1'), 'listening');
    const clock = new ManualClock();
    const fields = { timeouts: { connect: 1, ...timeouts } };
    const failure = collect({ url: urlOf(endless), clock, fields }).catch((error) => error);
    const count = 'first' in timeouts ? 3 : 2;
    try {
      // Connected, and the error has begun.
      while (clock.pending !== count || (clock.next ?? 0) <= 1_000 || (clock.next ?? 0) > ms) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      clock.advance(ms);
      expect(await failure).toMatchObject({ answered: 503, retryAfter: 7 });
      expect(clock.pending).toBe(0);
    } finally {
      endless.closeAllConnections();
      endless.close();
    }
  });

  test('ends a call that gets no connection, and rests once it stands', async () => {
    const clock = new ManualClock();
    const unconnected = createOpenAiProvider({
      model: buildModel(modelSchema.parse({ name: 'm', timeouts: { connect: 3 } }), {}),
      target: { url: 'http://blackhole.example/v1', apiKey: undefined },
      transport: () => {
        queueMicrotask(() => clock.advance(3_000));
        return () => undefined;
      },
      clock,
    });
    const first = eventsOf(unconnected, request).next();
    await expect(first).rejects.toMatchObject({
      code: 'provider-slow',
      message: expect.stringMatching(/no connection within 3 s; see timeouts\.connect/),
    });

    const gate = new Gate();
    server.script('m', stream([hold(gate), text('late'), finish()]));
    const connected = call({ connect: 3 });
    const late = connected.events.next();
    await server.request(0);
    connected.clock.advance(10_000);
    gate.open();
    expect((await late).value).toMatchObject({ text: 'late' });
    await connected.events.return?.();
  });

  test('begins anew, once, when the engine was stopped: nobody could answer it', async () => {
    const clock = new ManualClock();
    const listeners: CallListener[] = [];
    let ended = 0;
    const unasked = createOpenAiProvider({
      model: buildModel(modelSchema.parse({ name: 'm', timeouts: { first: 5, connect: 3 } }), {}),
      target: { url: server.url, apiKey: undefined },
      transport: (_address, _body, listener) => {
        listeners.push(listener);
        return () => {
          ended += 1;
        };
      },
      clock,
    });
    const next = eventsOf(unasked, request).next();
    clock.stop(7_000);
    clock.advance(2_000);
    listeners[0]?.connected();
    clock.advance(2_000);
    expect(ended).toBe(0);
    clock.advance(1_000);
    await expect(next).rejects.toMatchObject({ code: 'provider-slow' });
    expect([ended, clock.pending]).toEqual([1, 0]);
  });

  test('is gone when the call is', async () => {
    const { clock, events } = call({ first: 1, idle: 1, connect: 1 });
    while (!(await events.next()).done);
    expect(clock.pending).toBe(0);
  });
});

describe('a reader who leaves', () => {
  test('ends the call, before and within the answer', async () => {
    server.script('m', stream([stall()]), stream([text('a'), stall()]));
    for (const pieces of [0, 1]) {
      const reader = new AbortController();
      const events = eventsOf(provider(), request, reader.signal);
      for (let i = 0; i < pieces; i++) await events.next();
      const next = events.next();
      const asked = await server.request(pieces);
      reader.abort(new Error('left'));
      await expect(next).rejects.toThrow('left');
      expect(await asked.settled).toBe('aborted');
    }
  });

  test('by leaving the loop ends the call too', async () => {
    server.script('m', stream([text('a'), stall()]));
    for await (const _ of eventsOf(provider(), request)) break;
    expect(await server.requests[0]?.settled).toBe('aborted');
  });

  test('before the call prevents it', async () => {
    const events = eventsOf(provider(), request, AbortSignal.abort(new Error('left')));
    await expect(events.next()).rejects.toThrow('left');
    expect(server.received).toBe(0);
  });
});
