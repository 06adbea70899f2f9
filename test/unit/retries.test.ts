import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backOff } from '../../src/providers/back-off.ts';
import {
  cut,
  fail,
  head,
  reasoning,
  type ScriptedProvider,
  say,
  stall,
  startProvider,
  stream,
  streamError,
  text,
} from '../provider/index.ts';
import { Chains } from './support/chain.ts';

let server: ScriptedProvider;
beforeEach(async () => {
  server = await startProvider();
});
afterEach(() => server.close());

const chains = (fields: object = {}) => new Chains({ name: 'm', endpoint: server.url, ...fields });

describe('a call that failed before its answer began', () => {
  test.for([
    ['408', fail(408)],
    ['409', fail(409)],
    ['429', fail(429)],
    ['500', fail(500)],
    ['503', fail(503)],
    ['529', fail(529)],
    ['cut-off', stream([cut()])],
    ['cut-off', stream([head(), cut('reset')])],
    ['failed', stream([head(), streamError()])],
  ] as const)('by %s is made again after a pause', async ([outcome, script]) => {
    server.script('m', script, say('At last.'));
    const all = chains();
    const call = all.start('m');
    all.clock.advance(await all.pause());
    expect(await call.done).toBe('At last.');
    expect(server.received).toBe(2);
    expect(all.clock.pending).toBe(0);
    expect(all.attempts).toMatch(
      new RegExp(
        `^model "m": endpoint 1 \\(http:\\S+\\): ${outcome} after \\d+ ms, then a pause of 500 ms; ` +
          `endpoint 1 \\(\\S+\\): answer begun after \\d+ ms, stop after \\d+ ms$`,
      ),
    );
    expect(all.said).toEqual([]);
  });

  test('by finding nobody there is made again too', async () => {
    await server.refuse();
    const all = chains();
    const call = all.start('m');
    const ms = await all.pause();
    await server.listen();
    all.clock.advance(ms);
    expect(await call.done).toContain('<');
    expect(all.attempts).toContain(': unreachable after');
  });

  test.for([
    ['400', fail(400)],
    ['401', fail(401)],
    ['404', fail(404)],
    ['413', fail(413)],
  ] as const)('by %s is not made again', async ([, script]) => {
    server.script('m', script, say('Never.'));
    const all = chains();
    await expect(all.ask('m')).rejects.toMatchObject({ status: 502 });
    expect(server.received).toBe(1);
  });

  test('is made again as often as retries says, with longer pauses, and then told', async () => {
    server.script('m', fail(500));
    const all = chains({ retries: 3 });
    const call = all.start('m');
    for (const ms of [500, 1_000, 2_000]) {
      const pause = await all.pause();
      expect(pause).toBeGreaterThan(ms * 0.99);
      expect(pause).toBeLessThan(ms);
      all.clock.advance(pause);
    }
    await expect(call.done).rejects.toMatchObject({
      code: 'provider-failed',
      message: expect.stringMatching(/status 500.*; 4 calls were made$/),
    });
    expect(server.received).toBe(4);
  });

  test('is not made again with retries 0', async () => {
    server.script('m', fail(500));
    const all = chains({ retries: 0 });
    await expect(all.ask('m')).rejects.toMatchObject({
      message: expect.not.stringContaining('calls were made'),
    });
    expect(server.received).toBe(1);
  });

  test('is made again within the time for the whole answer only', async () => {
    server.script('m', fail(500));
    const all = chains({ retries: 10, timeouts: { first: 100, total: 2 } });
    const call = all.start('m');
    // 0.5 s and 1 s fit; the 2 s after them do not.
    all.clock.advance(await all.pause());
    all.clock.advance(await all.pause());
    await expect(call.done).rejects.toMatchObject({ code: 'provider-failed' });
    expect(server.received).toBe(3);
  });

  test('leaves the next call only what is left of that time', async () => {
    server.script('m', fail(500), stream([stall()]));
    const all = chains({ timeouts: { first: 100, total: 2 } });
    const call = all.start('m');
    all.clock.advance(await all.pause());
    await server.request(1);
    all.clock.advance(1_400);
    expect(call.events).toEqual([]);
    all.clock.advance(200);
    await expect(call.done).rejects.toMatchObject({
      code: 'provider-slow',
      message: expect.stringMatching(/within 2 s; see timeouts.total/),
    });
    expect(await server.requests[1]?.settled).toBe('aborted');
  });
});

describe('an answer that has begun', () => {
  test.for([
    ['text', text('Once')],
    ['reasoning', reasoning('Hm.')],
  ] as const)('with %s is not asked for again when it breaks off', async ([, piece]) => {
    server.script('m', stream([piece, streamError()]), say('Never.'));
    const both = new Chains(
      { name: 'm', endpoint: server.url, fallback: ['other'] },
      { name: 'other', endpoint: server.url },
    );
    await expect(both.ask('m')).rejects.toMatchObject({ code: 'provider-failed' });
    expect(server.requests.map(({ model }) => model)).toEqual(['m']);
    expect(both.attempts).toMatch(/answer begun after \d+ ms, failed after \d+ ms$/);
  });
});

describe('Retry-After', () => {
  test('is waited for where a visitor can wait that long', async () => {
    server.script('m', fail(429, { retryAfter: 3 }), say('At last.'));
    const all = chains();
    const call = all.start('m');
    expect(await all.pause()).toBeGreaterThanOrEqual(3_000);
    all.clock.advance(await all.pause());
    expect(await call.done).toBe('At last.');
  });

  test('that is longer is passed on at once', async () => {
    server.script('m', fail(503, { retryAfter: 6 }));
    const all = chains();
    await expect(all.ask('m')).rejects.toMatchObject({ retryAfter: 6 });
    expect(server.received).toBe(1);
  });

  test('is not forgotten over a later failure that says nothing', async () => {
    server.script('m', fail(429, { retryAfter: 2 }), stream([cut()]));
    const all = chains({ retries: 1 });
    const call = all.start('m');
    all.clock.advance(await all.pause());
    await expect(call.done).rejects.toMatchObject({ code: 'provider-busy', retryAfter: 2 });
  });
});

describe('a reader who leaves', () => {
  test('during a pause ends the call at once', async () => {
    server.script('m', fail(500));
    const all = chains();
    const reader = new AbortController();
    const call = all.start('m', reader.signal);
    await all.pause();
    reader.abort(new Error('left'));
    await expect(call.done).rejects.toThrow('left');
    expect([all.clock.pending, server.received]).toEqual([0, 1]);
  });

  test('during a second attempt ends that', async () => {
    server.script('m', fail(500), stream([stall()]));
    const all = chains();
    const reader = new AbortController();
    const call = all.start('m', reader.signal);
    all.clock.advance(await all.pause());
    const asked = await server.request(1);
    reader.abort(new Error('left'));
    await expect(call.done).rejects.toThrow('left');
    expect(await asked.settled).toBe('aborted');
    expect(all.clock.pending).toBe(0);
    expect(all.attempts).toMatch(/nobody waits any more after \d+ ms$/);
  });

  test('is no failure of the endpoint', async () => {
    server.script('m', stream([stall()]), say('Here.'));
    const all = chains({ circuit: { failures: 1 } });
    const reader = new AbortController();
    const call = all.start('m', reader.signal);
    await server.request(0);
    reader.abort(new Error('left'));
    await expect(call.done).rejects.toThrow('left');
    expect(await all.ask('m')).toBe('Here.');
    expect(all.attempts).not.toContain('rests');
  });
});

test('pauses grow from half a second to eight, and are shortened by chance down to nothing', () => {
  const longest = [0, 1, 2, 3, 4, 5, 9].map((retry) => backOff(retry, () => 1));
  expect(longest).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  expect(backOff(3, () => 0.25)).toBe(1_000);
  expect(backOff(3, () => 0)).toBe(0);
});
