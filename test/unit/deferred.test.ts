import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFERRED_KEPT, DEFERRED_MOST } from '../../src/deferred/deferred-answers.ts';
import { MuseError } from '../../src/errors.ts';
import { lastId, namesOf, textOf } from '../harness/server-sent-events.ts';
import { html, openEngine } from './support/engine.ts';
import { finish, text } from './support/provider.ts';
import type { RecordedReply } from './support/reply.ts';

const ASYNC = { HTTP_PREFER: 'respond-async', REQUEST_URI: '/page?a=b' };
const KEY = 'ab'.repeat(20);

let engine: Awaited<ReturnType<typeof openEngine>>;
/** Lets the provider finish. */
let go: () => void;
beforeEach(async () => {
  engine = await openEngine();
  const gate = Promise.withResolvers<void>();
  go = gate.resolve;
  engine.provider.steps = [text(html.slice(0, 30)), gate.promise, text(html.slice(30)), finish()];
});
afterEach(() => {
  go();
  expect(engine.failures).toEqual([]);
});

const idOf = ({ headers }: RecordedReply) => /muse-job=(.*)$/.exec(headers.Location ?? '')?.[1];

async function defer(params = {}) {
  const away = await engine.get({ ...ASYNC, ...params });
  return { away, id: idOf(away) ?? '' };
}

const comeBack = (id: string, params = {}) => engine.get({ MUSE_JOB: id, ...params });

/** Comes back until the answer is there. */
async function finished(id: string, params = {}): Promise<RecordedReply> {
  go();
  for (;;) {
    const reply = await comeBack(id, params);
    if (reply.status !== 202) return reply;
    await new Promise(setImmediate);
  }
}

describe('a client that would rather come back', () => {
  test('is told where, while its page is written', async () => {
    const { away, id } = await defer();
    expect(away).toMatchObject({ status: 202, outcome: 'whole' });
    expect(id).toMatch(/^0-[0-9a-f]{32}$/);
    expect(away.headers).toEqual({
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(away.body)),
      Location: `/page?a=b&muse-job=${id}`,
      'Retry-After': '2',
      'Preference-Applied': 'respond-async',
      'Cache-Control': 'no-store',
    });
    expect(JSON.parse(away.body)).toEqual({
      status: 'writing',
      location: away.headers.Location,
    });
    const again = await comeBack(id, { REQUEST_URI: away.headers.Location ?? '' });
    expect([again.status, again.headers]).toEqual([202, away.headers]);
  });

  test('gets the page when it is there, from the cache, which has it for others too', async () => {
    const { id } = await defer({ MUSE_PAGE_KEY: KEY });
    const reply = await finished(id);
    expect(reply).toMatchObject({ status: 200, body: html, outcome: 'whole' });
    expect(reply.headers).toMatchObject({
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Status': expect.stringContaining('hit'),
    });
    expect(engine.region.entries.get(KEY)).toMatchObject({ alias: true });
    expect(engine.provider.requests).toHaveLength(1);
  });

  test('gets a page that no cache may have, for ten minutes', async () => {
    engine.write('page.ai', '---\nttl: 0\n---\nWrite about herons.');
    const { id } = await defer();
    const reply = await finished(id);
    expect(reply).toMatchObject({ status: 200, body: html });
    expect(reply.headers).toEqual({
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': String(html.length),
      'Cache-Control': 'no-store',
    });
    engine.clock.advance(DEFERRED_KEPT.ms - 1);
    expect((await comeBack(id)).body).toBe(html);
    engine.clock.advance(1);
    expect((await comeBack(id)).status).toBe(404);
    expect(engine.clock.pending).toBe(0);
  });

  test('gets a page that the cache has for a moment only', async () => {
    engine.write('page.ai', '---\nttl: 1\n---\nWrite about herons.');
    const { away, id } = await defer();
    await finished(id);
    engine.clock.advance(Number(away.headers['Retry-After']) * 1_000);
    const reply = await comeBack(id);
    expect(reply).toMatchObject({ status: 200, body: html });
    expect(reply.headers).toMatchObject({ 'Cache-Control': 'max-age=1', Age: '2' });
  });

  test('gets 404 when the cache has it no more', async () => {
    const { id } = await defer();
    await finished(id);
    engine.clock.advance(60_001);
    const reply = await comeBack(id);
    expect(reply).toMatchObject({ status: 404, headers: { 'Muse-Error': 'deferred-unknown' } });
    expect(reply.lines).toEqual([expect.stringMatching(/^info MUSE0270: .*10 minutes.*again$/)]);
    expect(reply.lines.join()).not.toContain(id);
  });

  test('gets a page that is there already at once', async () => {
    go();
    await engine.get();
    const reply = await engine.get(ASYNC);
    expect(reply).toMatchObject({ status: 200, body: html });
  });

  test('shares a page that others read', async () => {
    const page = engine.start();
    await page.reply.until(({ body }) => body !== '');
    const { id } = await defer();
    go();
    await page.done;
    expect((await finished(id)).body).toBe(html);
    expect(engine.provider.requests).toHaveLength(1);
  });

  test('has it written on when all others have left', async () => {
    const client = new AbortController();
    const page = engine.start({}, client.signal);
    await page.reply.until(({ body }) => body !== '');
    const { id } = await defer();
    client.abort();
    await page.done;
    expect((await finished(id)).body).toBe(html);
    expect(engine.provider.aborted).toBe(0);
  });

  test.for([
    ['before its first piece', []],
    ['in its middle', [text(html.slice(0, 40))]],
  ] as const)('gets the status of a page that failed %s', async ([, steps]) => {
    const failure = new MuseError('provider-slow', 'for the log');
    engine.provider.steps = [new Promise(setImmediate), ...steps, failure];
    const { id } = await defer();
    const reply = await finished(id);
    expect(reply).toMatchObject({ status: 504, body: '' });
    expect(engine.log.names.at(-1)).toBe('provider-slow');
  });

  test('by HEAD has nothing written, and is told how it stands', async () => {
    expect(await engine.get({ ...ASYNC, REQUEST_METHOD: 'HEAD' })).toMatchObject({ status: 200 });
    expect(engine.provider.requests).toEqual([]);
    const { id } = await defer();
    expect((await comeBack(id, { REQUEST_METHOD: 'HEAD' })).status).toBe(202);
    const events = { REQUEST_METHOD: 'HEAD', HTTP_ACCEPT: 'text/event-stream' };
    expect(await comeBack(id, events)).toMatchObject({ status: 200, body: '' });
    await finished(id);
    expect((await comeBack(id, { REQUEST_METHOD: 'HEAD' })).status).toBe(200);
  });
});

describe('an id', () => {
  test.for([
    ['of another page', { DOCUMENT_URI: '/other' }],
    ['of another server', { SERVER_NAME: 'other' }],
  ] as const)('does not open an answer %s', async ([, params]) => {
    const { id } = await defer();
    expect((await comeBack(id, params)).status).toBe(404);
    expect((await comeBack(id)).status).toBe(202);
  });

  test('of another file does not open an answer', async () => {
    engine.write('other.ai', 'Write about herons.');
    const { id } = await defer();
    expect((await engine.get({ MUSE_JOB: id }, 'other.ai')).status).toBe(404);
  });

  test.for(['', '0', '0-0', 'x'.repeat(5_000)])('%j is unknown', async (id) => {
    expect((await comeBack(id)).status).toBe(404);
    expect(engine.provider.requests).toEqual([]);
  });

  test('is another one for each client', async () => {
    expect((await defer()).id).not.toBe((await defer()).id);
    expect(engine.provider.requests).toHaveLength(1);
  });
});

describe('a client that waits first', () => {
  test('gets the page itself where that is in time, as the cache has it', async () => {
    const { reply, done } = engine.start({ HTTP_PREFER: 'respond-async, wait=5' });
    while (engine.clock.pending === 0) await new Promise(setImmediate);
    go();
    await done;
    expect(reply).toMatchObject({ status: 200, body: html, outcome: 'whole' });
    expect(reply.headers['Cache-Control']).toBe('max-age=60');
    expect(engine.clock.pending).toBe(0);
  });

  test.for([
    ['5', 5_000],
    ['999999999', 60_000],
  ] as const)('%s seconds is sent away after %i ms', async ([wait, ms]) => {
    const { reply, done } = engine.start({ ...ASYNC, HTTP_PREFER: `respond-async, wait=${wait}` });
    while (engine.clock.pending === 0) await new Promise(setImmediate);
    engine.clock.advance(ms - 1);
    await new Promise(setImmediate);
    expect(reply.status).toBeUndefined();
    engine.clock.advance(1);
    await done;
    expect(reply.status).toBe(202);
    expect(engine.clock.pending).toBe(0);
  });

  test('may wait when it has come back, too', async () => {
    const { id } = await defer();
    const { reply, done } = engine.start({ MUSE_JOB: id, HTTP_PREFER: 'wait=5' });
    while (engine.clock.pending === 0) await new Promise(setImmediate);
    go();
    await done;
    expect([reply.status, reply.body]).toEqual([200, html]);
  });

  test('and leaves, knows no id: nothing is written for it', async () => {
    const client = new AbortController();
    const { reply, done } = engine.start({ HTTP_PREFER: 'respond-async, wait=5' }, client.signal);
    while (engine.clock.pending === 0) await new Promise(setImmediate);
    client.abort();
    await done;
    expect([reply.status, engine.provider.aborted]).toEqual([undefined, 1]);
    expect(engine.clock.pending).toBe(0);
  });
});

describe('a deferred answer as events', () => {
  const EVENTS = { HTTP_ACCEPT: 'text/event-stream' };

  test('is live, from its beginning or from where its reader was', async () => {
    const { id } = await defer();
    const client = new AbortController();
    const first = engine.start({ MUSE_JOB: id, ...EVENTS }, client.signal);
    await first.reply.until(({ body }) => textOf(body) !== '');
    client.abort();
    await first.done;
    const last = { HTTP_LAST_EVENT_ID: lastId(first.reply.body) };
    const second = engine.start({ MUSE_JOB: id, ...EVENTS, ...last });
    await new Promise(setImmediate);
    go();
    await second.done;
    expect(textOf(first.reply.body) + textOf(second.reply.body)).toBe(html);
    expect(namesOf(second.reply.body)).toEqual(['chunk', 'done']);
    const third = await comeBack(id, EVENTS);
    expect(textOf(third.body)).toBe(html);
    const over = { HTTP_LAST_EVENT_ID: lastId(third.body) };
    expect((await comeBack(id, { ...EVENTS, ...over })).status).toBe(204);
  });

  test('tells of the failure', async () => {
    const failure = new MuseError('provider-cut-off', 'x');
    engine.provider.steps = [new Promise(setImmediate), text(html.slice(0, 40)), failure];
    const { id } = await defer();
    await finished(id);
    expect(namesOf((await comeBack(id, EVENTS)).body)).toEqual(['chunk', 'error']);
  });
});

test('so many may be written at a time, and one more is 503', async () => {
  for (let i = 0; i < DEFERRED_MOST; i += 1) expect((await defer()).away.status).toBe(202);
  const { away } = await defer();
  expect(away).toMatchObject({ status: 503, headers: { 'Retry-After': '10' } });
  expect(away.lines).toEqual([expect.stringContaining('warn MUSE0271')]);
  expect(engine.provider.requests).toHaveLength(1);
  const page = engine.start();
  go();
  await page.done;
  // It may be found among those under way for a turn longer.
  await new Promise(setImmediate);
  engine.clock.advance(60_001);
  expect((await defer()).away.status).toBe(202);
});
