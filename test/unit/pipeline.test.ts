import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MuseError } from '../../src/errors.ts';
import { html, openEngine } from './support/engine.ts';
import { finish, text, writer } from './support/provider.ts';

const KEY = 'ab'.repeat(20);

let engine: Awaited<ReturnType<typeof openEngine>>;
beforeEach(async () => {
  engine = await openEngine();
});
afterEach(() => {
  expect(engine.failures).toEqual([]);
});

describe('a page that nobody has asked for yet', () => {
  test('is written, streamed piece by piece, and kept with an alias', async () => {
    const reply = await engine.get({ MUSE_PAGE_KEY: KEY });
    expect(reply).toMatchObject({ status: 200, body: html, outcome: 'whole', lines: [] });
    expect(reply.headers).toEqual({
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'max-age=60',
      'Cache-Status': 'muse; fwd=uri-miss; stored',
    });
    expect(engine.region.entries.get(KEY)).toMatchObject({ alias: true });
    expect(engine.region.entries.size).toBe(2);
    expect(engine.provider.requests[0]).toMatchObject({
      messages: [{ role: 'system' }, { role: 'user', content: 'Write about herons.' }],
      maxTokensDefault: 16_384,
      timeout: 300,
    });
  });

  test('sends its head with the first piece, each piece at once', async () => {
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    engine.provider.steps = [
      first.promise,
      text(html.slice(0, 30)),
      second.promise,
      text(html.slice(30)),
      finish(),
    ];
    const { reply, done } = engine.start();
    expect(reply.status).toBeUndefined();
    first.resolve();
    await reply.until(({ pieces }) => pieces.length > 0);
    expect(reply.outcome).toBeUndefined();
    second.resolve();
    await done;
    expect(reply.body).toBe(html);
  });

  test('waits for a slow reader with what it sends, not with what is written', async () => {
    const gate = Promise.withResolvers<void>();
    const { reply, done } = engine.start();
    reply.gate = gate.promise;
    await reply.until(({ pieces }) => pieces.length === 1);
    gate.resolve();
    await done;
    expect(reply.body).toBe(html);
  });
});

test('a page in one piece says by which nonce its scripts may run, as one that is streamed does', async () => {
  engine.provider.steps = [text('<!doctype html><script>go()</script>'), finish()];
  for (const MUSE_STREAMING of ['on', 'off']) {
    const params = { MUSE_SCRIPTS: '1', MUSE_STREAMING, MUSE_CACHE: 'off' };
    const { headers, body } = await engine.get(params);
    const nonce = /nonce="([^"]+)"/.exec(body)?.[1];
    expect(headers['Muse-Scripts']).toBe(`'nonce-${nonce}'`);
  }
});

describe('a page that another model has written than the asked one', () => {
  const page = '---\nttl: 300\n---\nWrite about herons.';

  test('is kept for a minute at most, and says so to whoever reads it', async () => {
    const gate = Promise.withResolvers<void>();
    engine.write('page.ai', page);
    engine.provider.steps = [writer(engine.model('other')), text(html), gate.promise, finish()];
    const first = engine.start({ MUSE_PAGE_KEY: KEY });
    await first.reply.until(({ pieces }) => pieces.length > 0);
    const joined = engine.start();
    await joined.reply.until(({ pieces }) => pieces.length > 0);
    gate.resolve();
    await Promise.all([first.done, joined.done]);
    for (const { headers, outcome } of [first.reply, joined.reply]) {
      expect([headers['Cache-Control'], outcome]).toEqual(['max-age=60', 'whole']);
    }
    engine.clock.advance(59_000);
    expect((await engine.get()).headers).toMatchObject({
      'Cache-Control': 'max-age=60',
      'Cache-Status': 'muse; hit; ttl=1',
    });
    const alias = engine.region.entries.get(KEY);
    expect((alias?.freshUntil ?? 0) - (alias?.storedAt ?? 0)).toBe(60_000);
    engine.clock.advance(1_000);
    // What has ended is found among the answers under way a turn longer.
    await new Promise((resolve) => setImmediate(resolve));
    engine.provider.steps = [text(html), finish()];
    expect((await engine.get()).headers).toMatchObject({ 'Cache-Control': 'max-age=300' });
  });

  test('is not kept longer than the page allows', async () => {
    engine.write('page.ai', page.replace('300', '20'));
    engine.provider.steps = [writer(engine.model('other')), text(html), finish()];
    expect((await engine.get()).headers['Cache-Control']).toBe('max-age=20');
  });
});

describe('a page that is kept', () => {
  test('comes back with its age, to a page key that is new too', async () => {
    await engine.get();
    engine.clock.advance(9_500);
    const reply = await engine.get({ MUSE_PAGE_KEY: KEY });
    expect(reply).toMatchObject({ status: 200, body: html, outcome: 'whole' });
    expect(reply.headers).toMatchObject({
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': String(html.length),
      Age: '9',
      'Cache-Control': 'max-age=60',
      'Cache-Status': 'muse; hit; ttl=51',
      ETag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
    });
    expect(engine.region.entries.get(KEY)?.alias).toBe(true);
    expect(engine.provider.requests).toHaveLength(1);
    engine.clock.advance(50_500);
    expect((await engine.get()).headers['Cache-Status']).toContain('uri-miss');
  });

  test('is shared by pages whose prompt and settings come to the same', async () => {
    engine.write('same.ai', '---\nttl: 10\n---\n\nWrite about {{ "herons" }}.\n');
    await engine.get();
    const same = await engine.get({}, 'same.ai');
    expect(same.headers).toMatchObject({
      'Cache-Control': 'max-age=10',
      'Cache-Status': 'muse; hit; ttl=10',
    });
    engine.write('other.ai', '---\ntemperature: 0.1\n---\nWrite about herons.');
    expect((await engine.get({}, 'other.ai')).headers['Cache-Status']).toContain('uri-miss');
  });

  test.for([
    ['bypass', {}, 'muse; fwd=bypass; stored', 'max-age=60'],
    ['off', {}, 'muse; fwd=bypass', 'no-store'],
    ['on', { ttl: 0 }, 'muse; fwd=bypass', 'no-store'],
  ] as const)(
    'is passed over with MUSE_CACHE=%s and %j',
    async ([cache, settings, status, control]) => {
      const matter = Object.entries(settings).map(([name, value]) => `${name}: ${value}\n`);
      engine.write('page.ai', `---\n${matter.join('')}---\nWrite about herons.`);
      for (let i = 0; i < 2; i++) {
        const { headers } = await engine.get({ MUSE_CACHE: cache, MUSE_PAGE_KEY: KEY });
        expect(headers).toMatchObject({ 'Cache-Status': status, 'Cache-Control': control });
      }
      expect(engine.provider.requests).toHaveLength(2);
      expect(engine.region.entries.size).toBe(cache === 'bypass' ? 2 : 0);
    },
  );

  test('is not one that is too large: it is served, and that is logged', async () => {
    engine.region.failure = Object.assign(new Error('x'), { code: 'MUSE_TOO_LARGE' });
    expect(await engine.get({ MUSE_PAGE_KEY: KEY })).toMatchObject({
      status: 200,
      outcome: 'whole',
    });
    expect(engine.log.names).toEqual(['models-loaded', 'store-too-large']);
  });
});

describe('what a page says of itself', () => {
  test('wins over the model and the directory', async () => {
    engine.write(
      'page.ai',
      '---\nmodel: other\nttl: 7\ntemperature: 0.3\nmax_tokens: 9\n' +
        'content_type: text/markdown\nlang: pt-BR\ntitle: Garças\n---\nWrite.',
    );
    engine.provider.steps = [text('# Garças'), finish()];
    const reply = await engine.get({
      MUSE_MODEL_DEFAULT: 'std',
      MUSE_MAX_TOKENS: '11',
      MUSE_CACHE_TTL: '8',
    });
    expect(reply.body).toBe('# Garças');
    expect(reply.headers).toMatchObject({
      'Content-Type': 'text/markdown; charset=utf-8',
      'Content-Language': 'pt-BR',
      'Cache-Control': 'max-age=7',
    });
    expect(engine.provider.requests[0]).toMatchObject({ temperature: 0.3, maxTokens: 9 });
    expect(engine.provider.requests[0]?.messages[0]?.content).toMatch(/"pt-BR".*"Garças"/s);
    const again = await engine.get();
    expect(again.headers).toMatchObject({
      'Content-Language': 'pt-BR',
      'Content-Type': 'text/markdown; charset=utf-8',
    });
  });

  test('gives way to the environment’s model, whose own fields win over the directory', async () => {
    engine.write('page.ai', '---\nmodel: std\n---\nWrite for {{ model }}.');
    await engine.get({
      MUSE_MODEL: 'other',
      MUSE_MAX_TOKENS: '11',
      MUSE_CACHE_TTL: '8',
      MUSE_TIMEOUT: '20',
    });
    expect(engine.provider.requests[0]).toMatchObject({ timeout: 20 });
    expect(engine.samplingFor('other')).toMatchObject({ maxTokens: 5 });
    expect(engine.provider.requests[0]?.messages[1]?.content).toBe('Write for other.');
  });

  test('can use the query and the environment', async () => {
    engine.write('page.ai', 'About {{ query.topic }}{{ env.TONE }}.');
    await engine.get({
      QUERY_STRING: 'topic=a+b%3Cc',
      MUSE_ENV_TONE: '!',
    });
    expect(engine.provider.requests[0]?.messages[1]?.content).toBe(
      'About <visitor-input name="topic">a b&lt;c</visitor-input>!.',
    );
    expect(
      (await engine.get({ QUERY_STRING: 'topic=a+b%3Cc', MUSE_ENV_TONE: '!' })).headers[
        'Cache-Status'
      ],
    ).toContain('hit');
  });

  test('is joined by the site’s prompts', async () => {
    engine.write('system_prompt.ai', 'Be kind.');
    engine.write('layout.min.ai', 'Short.');
    const params = { MUSE_PROMPTS_DIR: engine.folder.path, MUSE_PROMPTS_MINIFY: '1' };
    await engine.get(params);
    expect(engine.provider.requests[0]?.messages[0]?.content).toBe('Be kind.\n\nShort.');
  });
});

describe('a failure', () => {
  test('before the first piece is a status without a body, for httpd to dress', async () => {
    engine.provider.steps = [
      new MuseError('provider-busy', 'told to the log only', { retryAfter: 7 }),
    ];
    const reply = await engine.get({ MUSE_PAGE_KEY: KEY });
    expect(reply).toMatchObject({
      status: 503,
      headers: { 'Muse-Error': 'provider-busy', 'Cache-Control': 'no-store', 'Retry-After': '7' },
      body: '',
      outcome: 'whole',
      lines: ['warn MUSE0242: told to the log only'],
    });
    expect(engine.region.entries.size).toBe(0);
  });

  test('after it ends the page with a notice and breaks it off, with nothing kept', async () => {
    engine.provider.steps = [
      text(html.slice(0, 40)),
      new MuseError('provider-cut-off', 'it broke'),
    ];
    const reply = await engine.get({ MUSE_PAGE_KEY: KEY });
    expect(reply).toMatchObject({ status: 200, outcome: 'broken' });
    expect(reply.body).toMatch(/role="alert".*<\/html>\s*$/s);
    expect(reply.lines).toEqual(['error MUSE0246: the page broke off: it broke']);
    expect(engine.region.entries.size).toBe(0);
  });

  test.for([
    ['on', 'broken'],
    ['off', 'whole'],
  ] as const)(
    'of a finish that is not stop is served, and kept nowhere: cache %s',
    async ([cache, outcome]) => {
      engine.provider.steps = [text('<!doctype html><p>Once'), finish('length')];
      const reply = await engine.get({ MUSE_PAGE_KEY: KEY, MUSE_CACHE: cache });
      expect(reply).toMatchObject({ status: 200, outcome });
      expect(reply.body).toMatch(/role="alert".*<\/html>\s*$/s);
      expect(reply.lines).toEqual([expect.stringContaining('warn MUSE0252')]);
      expect(engine.region.entries.size).toBe(0);
    },
  );

  test.for([
    ['a page that is gone', 'none.ai', {}, 404, 'MUSE0220'],
    ['a mistake in front matter', 'matter.ai', {}, 500, 'MUSE0224'],
    ['a mistake in the template', 'template.ai', {}, 500, 'MUSE0225'],
    ['a backend that is not there', 'page.ai', { MUSE_BACKEND: '9' }, 500, 'MUSE0260'],
    ['parameters that are not understood', 'page.ai', { MUSE_CACHE: 'x' }, 500, 'MUSE0260'],
  ] as const)('for %s asks no provider', async ([, file, params, status, number]) => {
    engine.write('matter.ai', '---\nmodle: x\n---\n');
    engine.write('template.ai', '{{ nothing }}');
    const reply = await engine.get(params, file);
    expect(reply).toMatchObject({ status, body: '', outcome: 'whole' });
    expect(reply.lines).toEqual([expect.stringContaining(`error ${number}: `)]);
    expect(engine.provider.requests).toEqual([]);
  });

  test('in the engine itself is 500, and the log does not repeat what was thrown', async () => {
    engine.provider.steps = [new TypeError('with a prompt in it')];
    const reply = await engine.get();
    expect(reply).toMatchObject({ status: 500, headers: { 'Muse-Error': 'request-failed' } });
    expect(reply.lines.join('')).toMatch(/^error MUSE0261: .*TypeError at /);
    expect(reply.lines.join('')).not.toContain('prompt in it');
  });
});

describe('a visitor who leaves', () => {
  test.for([
    ['before the first piece', []],
    ['within the page', [text(html.slice(0, 40))]],
  ] as const)('%s ends the provider’s call, and nothing is kept or logged', async ([, steps]) => {
    engine.provider.steps = [...steps, new Promise(() => {})];
    const client = new AbortController();
    const { reply, done } = engine.start({ MUSE_PAGE_KEY: KEY }, client.signal);
    while (engine.provider.requests.length === 0)
      await new Promise((resolve) => setImmediate(resolve));
    if (steps.length > 0) await reply.until(({ pieces }) => pieces.length > 0);
    client.abort();
    await done;
    expect(engine.provider.aborted).toBe(1);
    expect(reply.lines).toEqual([]);
    expect(engine.region.entries.size).toBe(0);
  });

  test('before the page was read costs no call', async () => {
    const { reply, done } = engine.start({}, AbortSignal.abort());
    await done;
    expect([engine.provider.requests, reply.lines]).toEqual([[], []]);
  });
});

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('a page that is written anew for the cache', () => {
  const params = { MUSE_PAGE_KEY: KEY, MUSE_CACHE_STALE: '600', MUSE_REFRESH: '1' };
  const aliasTimes = () => {
    const { storedAt = 0, freshUntil = 0, staleUntil = 0 } = engine.region.entries.get(KEY) ?? {};
    return [freshUntil - storedAt, staleUntil - freshUntil];
  };

  test('is accepted at once, kept with its alias, and leaves no timer', async () => {
    const gate = Promise.withResolvers<void>();
    engine.provider.steps = [gate.promise, text(html), finish()];
    const { reply, done } = engine.start(params);
    await reply.until(({ outcome }) => outcome !== undefined);
    expect(reply).toMatchObject({ status: 204, body: '', outcome: 'whole' });
    expect(engine.region.entries.size).toBe(0);
    gate.resolve();
    await done;
    expect(aliasTimes()).toEqual([60_000, 600_000]);
    expect(engine.clock.pending).toBe(0);
    const kept = await engine.get({ MUSE_PAGE_KEY: KEY });
    expect(kept.headers['Cache-Status']).toBe('muse; hit; ttl=60');
  });

  test('is written to its end though httpd has left at once', async () => {
    const gate = Promise.withResolvers<void>();
    engine.provider.steps = [gate.promise, text(html), finish()];
    const httpd = new AbortController();
    const { done } = engine.start(params, httpd.signal);
    httpd.abort();
    gate.resolve();
    await done;
    expect(engine.provider.aborted).toBe(0);
    expect(engine.region.entries.get(KEY)).toMatchObject({ alias: true });
  });

  test('shares the answer with visitors, whose leaving does not end it', async () => {
    const gate = Promise.withResolvers<void>();
    engine.provider.steps = [text(html.slice(0, 40)), gate.promise, text(html.slice(40)), finish()];
    const visitor = new AbortController();
    const { reply, done: left } = engine.start({}, visitor.signal);
    await reply.until(({ pieces }) => pieces.length > 0);
    const { done } = engine.start(params);
    while (!engine.region.held.has(KEY)) await nextTurn();
    for (let turns = 0; turns < 20; turns++) await nextTurn();
    visitor.abort();
    await left;
    gate.resolve();
    await done;
    expect(engine.provider).toMatchObject({ aborted: 0, requests: { length: 1 } });
    expect(engine.region.entries.get(KEY)).toMatchObject({ alias: true });
  });

  test('costs no call where another has written it already', async () => {
    await engine.get();
    await engine.get(params);
    expect(engine.provider.requests).toHaveLength(1);
    expect(engine.region.entries.get(KEY)).toMatchObject({ alias: true });
  });

  test('is held while it takes long', async () => {
    const gate = Promise.withResolvers<void>();
    engine.provider.steps = [gate.promise, text(html), finish()];
    const { done } = engine.start(params);
    expect(engine.region.held.get(KEY)).toBe(10);
    for (let renewed = 0; renewed < 3; renewed++) {
      engine.region.held.clear();
      engine.clock.advance(3_000);
      expect(engine.region.held.get(KEY)).toBe(10);
    }
    gate.resolve();
    await done;
  });

  test.for([
    [undefined, 10],
    [7, 10],
    [60, 60],
    [9_999, 300],
  ])('that fails is left alone for a while; Retry-After %s', async ([retryAfter, seconds]) => {
    await engine.get({ MUSE_PAGE_KEY: KEY, MUSE_CACHE_STALE: '600' });
    const before = engine.region.entries.get(KEY);
    engine.clock.advance(60_000);
    await nextTurn();
    engine.provider.steps = [new MuseError('provider-busy', 'it is busy', { retryAfter })];
    const reply = await engine.get(params);
    expect(reply).toMatchObject({ status: 204, lines: [] });
    expect(engine.region.held.get(KEY)).toBe(seconds);
    expect(engine.region.entries.get(KEY)).toBe(before);
    expect(engine.clock.pending).toBe(0);
    expect(engine.log.names.slice(-2)).toEqual(['provider-busy', 'refresh-failed']);
    expect(engine.log.events.at(-1)?.text).toContain(`page.ai was not written anew`);
    expect(engine.log.events.at(-1)?.text).toContain(`after ${seconds} seconds`);
  });

  test.for([
    ['was removed', 'none.ai', [text(html), finish()], 'page-missing'],
    ['is cut short', 'page.ai', [text(html), finish('length')], 'answer-truncated'],
    [
      'breaks off',
      'page.ai',
      [text(html), new MuseError('provider-cut-off', 'x')],
      'provider-cut-off',
    ],
  ] as const)('stays as it was when it %s', async ([, file, steps, event]) => {
    engine.provider.steps = [...steps];
    await engine.get(params, file);
    expect(engine.log.names.slice(-2)).toEqual([event, 'refresh-failed']);
    expect(engine.region.held.get(KEY)).toBe(10);
    expect(engine.region.entries.size).toBe(0);
  });
});

test('a page that httpd has only stale says so', async () => {
  const { headers } = await engine.get({ MUSE_STALE: '1' });
  expect(headers['Cache-Status']).toBe('muse; fwd=stale; stored');
});

test('HEAD never has a page written: it is told about one that is kept', async () => {
  const cold = await engine.get({ REQUEST_METHOD: 'HEAD' });
  expect(cold).toMatchObject({ status: 200, body: '', outcome: 'whole' });
  expect(cold.headers['Content-Type']).toBe('text/html; charset=utf-8');
  expect(engine.provider.requests).toEqual([]);
  await engine.get();
  const known = await engine.get({ REQUEST_METHOD: 'HEAD' });
  expect(known.headers['Content-Length']).toBe(String(html.length));
});
