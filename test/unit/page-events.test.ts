import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MuseError } from '../../src/errors.ts';
import { lastId, namesOf, parseEvents, textOf } from '../harness/server-sent-events.ts';
import { html, openEngine } from './support/engine.ts';
import { finish, type Step, text, writer } from './support/provider.ts';

const EVENTS = { HTTP_ACCEPT: 'text/event-stream' };
const halves = [text(html.slice(0, 30)), text(html.slice(30))];

let engine: Awaited<ReturnType<typeof openEngine>>;
beforeEach(async () => {
  engine = await openEngine();
});
afterEach(() => {
  expect(engine.failures).toEqual([]);
});

const comeBack = (id: string, params = {}) =>
  engine.get({ ...EVENTS, ...params, HTTP_LAST_EVENT_ID: id });

/** A step that waits until the test lets the provider go on. */
function held(): { readonly step: Step; readonly go: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { step: promise, go: resolve };
}

describe('a page as events', () => {
  test('is its text in chunks, then how it ended', async () => {
    const usage = { inputTokens: 7, outputTokens: 3 };
    engine.provider.steps = [...halves, { type: 'finish', reason: 'stop', usage }];
    const reply = await engine.get(EVENTS);
    expect([reply.status, reply.outcome]).toEqual([200, 'whole']);
    expect(reply.headers).toEqual({
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'Cache-Status': 'muse; fwd=uri-miss; stored',
    });
    expect(reply.body.startsWith('retry: 2000\n\nevent: chunk\nid: ')).toBe(true);
    expect(textOf(reply.body)).toBe(html);
    const events = parseEvents(reply.body);
    expect(events.filter(({ event }) => event === 'chunk').length).toBeGreaterThan(1);
    expect(events.at(-1)).toEqual({
      event: 'done',
      id: expect.stringMatching(new RegExp(`^${html.length}-[0-9a-f]{8}-end$`)),
      data: {
        model: 'std',
        finish_reason: 'stop',
        cached: false,
        usage: { input_tokens: 7, output_tokens: 3 },
      },
    });
  });

  test('names the model that wrote it in place of the asked one', async () => {
    engine.provider.steps = [writer(engine.model('other')), ...halves, finish()];
    const { data } = parseEvents((await engine.get(EVENTS)).body).at(-1) ?? {};
    expect(data).toEqual({ model: 'other', finish_reason: 'stop', cached: false });
  });

  test('comes from the cache, which has no usage', async () => {
    await engine.get();
    engine.clock.advance(5_000);
    const reply = await engine.get(EVENTS);
    expect(reply.headers).toEqual({
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'Cache-Status': 'muse; hit; ttl=55',
    });
    expect(textOf(reply.body)).toBe(html);
    const { data } = parseEvents(reply.body).at(-1) ?? {};
    expect(data).toEqual({ model: 'std', finish_reason: 'stop', cached: true });
    expect(engine.provider.requests).toHaveLength(1);
  });

  test('fills the cache for pages', async () => {
    await engine.get({ ...EVENTS, MUSE_PAGE_KEY: 'ab'.repeat(20) });
    expect(engine.region.entries.get('ab'.repeat(20))).toMatchObject({ alias: true });
    expect((await engine.get()).headers['Cache-Status']).toContain('hit');
  });

  test('shares one call with a page', async () => {
    const { step, go } = held();
    engine.provider.steps = [...halves, step, finish()];
    const page = engine.start();
    await page.reply.until(({ pieces }) => pieces.length > 1);
    const events = engine.start(EVENTS);
    await events.reply.until(({ body }) => textOf(body) !== '');
    go();
    await Promise.all([page.done, events.done]);
    expect([page.reply.body, textOf(events.reply.body)]).toEqual([html, html]);
    expect(events.reply.headers['Cache-Status']).toBe('muse; fwd=uri-miss; stored; collapsed');
    expect(engine.provider.requests).toHaveLength(1);
  });

  test('never splits a character, wherever blocks of text end', async () => {
    engine.write('page.ai', '---\ncontent_type: text/plain\n---\nWrite.');
    const pieces = ['x', ...Array.from({ length: 200 }, () => '🌊é日'.repeat(100))];
    const long = pieces.join('');
    engine.provider.steps = [...pieces.map(text), finish()];
    for (const cached of [false, true]) {
      const { body } = await engine.get(EVENTS);
      expect(textOf(body) === long).toBe(true);
      expect(body).not.toContain('\ufffd');
      expect(parseEvents(body).at(-1)?.data).toMatchObject({ cached });
      expect(parseEvents(body).length).toBeGreaterThan(4);
    }
  });

  test('keeps a slow reader waiting for none of its chunks', async () => {
    const gate = Promise.withResolvers<void>();
    const { reply, done } = engine.start(EVENTS);
    reply.gate = gate.promise;
    await reply.until(({ pieces }) => pieces.length === 1);
    gate.resolve();
    await done;
    expect(textOf(reply.body)).toBe(html);
  });

  test('of HEAD are headers alone, and nothing is written', async () => {
    const reply = await engine.get({ ...EVENTS, REQUEST_METHOD: 'HEAD' });
    expect(reply).toMatchObject({ status: 200, body: '' });
    expect(reply.headers).toEqual({
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
    });
    expect(engine.provider.requests).toEqual([]);
  });
});

describe('what is quiet', () => {
  test('is shown to be alive, from 15 seconds on, and ends with no timer left', async () => {
    const [first, second] = [held(), held()];
    engine.provider.steps = [first.step, ...halves, second.step, finish()];
    const { reply, done } = engine.start(EVENTS);
    while (engine.clock.pending === 0) await new Promise(setImmediate);
    engine.clock.advance(14_999);
    expect(reply.status).toBeUndefined();
    engine.clock.advance(1);
    expect(reply.status).toBe(200);
    expect(reply.body).toMatch(/^retry: 2000\n\n: .+\n\n$/);
    engine.clock.advance(15_000);
    expect(reply.pieces).toHaveLength(2);
    first.go();
    await reply.until(({ body }) => textOf(body) === html);
    const soFar = reply.pieces.length;
    engine.clock.advance(14_999);
    expect(reply.pieces).toHaveLength(soFar);
    engine.clock.advance(1);
    expect(reply.pieces).toHaveLength(soFar + 1);
    second.go();
    await done;
    expect(namesOf(reply.body)).toEqual(['chunk', 'done']);
    expect(engine.clock.pending).toBe(0);
  });

  test('and then fails, fails as an event', async () => {
    const { step, go } = held();
    const busy = new MuseError('provider-busy', 'for the log', { retryAfter: 7 });
    engine.provider.steps = [step, busy];
    const { reply, done } = engine.start(EVENTS);
    while (engine.clock.pending === 0) await new Promise(setImmediate);
    engine.clock.advance(15_000);
    go();
    await done;
    expect([reply.status, reply.outcome]).toEqual([200, 'whole']);
    expect(parseEvents(reply.body)).toEqual([
      {
        event: 'error',
        id: '0-00000000-end',
        data: {
          code: 'provider-busy',
          message: expect.stringMatching(/^The service .* is busy/),
          status: 503,
          retry_after: 7,
        },
      },
    ]);
  });
});

describe('a failure', () => {
  test('before the first chunk is an honest status', async () => {
    engine.provider.steps = [new MuseError('provider-busy', 'x', { retryAfter: 7 })];
    const reply = await engine.get(EVENTS);
    expect(reply).toMatchObject({ status: 503, body: '', outcome: 'whole' });
    expect(reply.headers).toMatchObject({ 'Muse-Error': 'provider-busy', 'Retry-After': '7' });
  });

  test('after it is an event, behind all of the page with its notice', async () => {
    engine.provider.steps = [text(html.slice(0, 40)), new MuseError('provider-cut-off', 'secret')];
    const reply = await engine.get(EVENTS);
    expect(reply.outcome).toBe('whole');
    expect(namesOf(reply.body)).toEqual(['chunk', 'error']);
    expect(textOf(reply.body)).toMatch(/role="alert".*<\/html>\s*$/s);
    expect(parseEvents(reply.body).at(-1)?.data).toMatchObject({
      code: 'provider-cut-off',
      status: 502,
    });
    expect(reply.body).not.toContain('secret');
  });

  test('of length ends in order, and says so', async () => {
    engine.provider.steps = [text('<!doctype html><p>Once'), finish('length')];
    const reply = await engine.get(EVENTS);
    expect(reply.outcome).toBe('whole');
    expect(parseEvents(reply.body).at(-1)).toMatchObject({
      event: 'done',
      data: { finish_reason: 'length', cached: false },
    });
  });
});

describe('a reader who comes back', () => {
  test('goes on in what is being written, where it was', async () => {
    const { step, go } = held();
    engine.provider.steps = [text(html.slice(0, 30)), step, text(html.slice(30)), finish()];
    const page = engine.start();
    const client = new AbortController();
    const first = engine.start(EVENTS, client.signal);
    await first.reply.until(({ body }) => textOf(body) !== '');
    client.abort();
    await first.done;
    const second = engine.start({ ...EVENTS, HTTP_LAST_EVENT_ID: lastId(first.reply.body) });
    await new Promise(setImmediate);
    go();
    await Promise.all([page.done, second.done]);
    expect(textOf(first.reply.body) + textOf(second.reply.body)).toBe(html);
    expect(namesOf(second.reply.body)).toEqual(['chunk', 'done']);
    expect(engine.provider.requests).toHaveLength(1);
  });

  test('goes on in the cache, after any of its events', async () => {
    const { body } = await engine.get(EVENTS);
    const events = parseEvents(body).filter(({ event }) => event === 'chunk');
    let before = '';
    for (const { id = '', data } of events) {
      before += (data as { text: string }).text;
      const rest = await comeBack(id);
      expect(before + textOf(rest.body)).toBe(html);
      expect(namesOf(rest.body).at(-1)).toBe('done');
    }
    expect(engine.provider.requests).toHaveLength(1);
  });

  test('is told when the page was written anew, and begins it again', async () => {
    const { body } = await engine.get(EVENTS);
    const id = parseEvents(body).at(-2)?.id ?? '';
    // It may be found among those under way for a turn longer.
    await new Promise(setImmediate);
    engine.clock.advance(61_000);
    const anew = '<!doctype html><html><body><p>Quite another page.</p></body></html>';
    engine.provider.steps = [text(anew), finish()];
    const reply = await comeBack(id);
    expect(namesOf(reply.body)).toEqual(['restart', 'chunk', 'done']);
    expect(parseEvents(reply.body)[0]).toEqual({ event: 'restart', id: '0-00000000', data: {} });
    expect(textOf(reply.body)).toBe(anew);
    const kept = await comeBack(id);
    expect(namesOf(kept.body)).toEqual(['restart', 'chunk', 'done']);
    expect(textOf(kept.body)).toBe(anew);
  });

  test('after the end is told that there is no more, at no cost', async () => {
    const { body } = await engine.get(EVENTS);
    engine.clock.advance(61_000);
    expect(await comeBack(lastId(body))).toMatchObject({ status: 204, body: '', outcome: 'whole' });
    expect(engine.provider.requests).toHaveLength(1);
  });

  test.for(['', '7', 'x'.repeat(4_000)])('with the id %j, none of ours, begins', async (id) => {
    const reply = await comeBack(id);
    expect(namesOf(reply.body)).toEqual(['chunk', 'done']);
  });

  test('goes on in what ended a moment ago and was not kept', async () => {
    engine.write('page.ai', '---\nttl: 0\n---\nWrite about herons.');
    const { body } = await engine.get(EVENTS);
    const [first] = parseEvents(body);
    engine.provider.steps = [text('<!doctype html><p>Dice: another.'), finish()];
    engine.clock.advance(59_000);
    const rest = await comeBack(first?.id ?? '');
    expect(html.slice(0, Number.parseInt(first?.id ?? '', 10)) + textOf(rest.body)).toBe(html);
    expect(engine.provider.requests).toHaveLength(1);
    engine.clock.advance(1_001);
    expect(namesOf((await comeBack(first?.id ?? '')).body)[0]).toBe('restart');
    expect(engine.provider.requests).toHaveLength(2);
  });

  test('does not find what only readers of pages had', async () => {
    engine.write('page.ai', '---\nttl: 0\n---\nWrite about herons.');
    await engine.get();
    expect(engine.clock.pending).toBe(0);
  });
});
