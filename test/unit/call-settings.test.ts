/** What the server says of calls, for models that say nothing themselves. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CallSettings } from '../../src/backend.ts';
import { contentKey } from '../../src/caching/keys.ts';
import { Registry } from '../../src/models/registry.ts';
import { backOff } from '../../src/providers/back-off.ts';
import { isToldNotToThink } from '../../src/providers/thinking.ts';
import {
  fail,
  finish,
  Gate,
  hold,
  type ScriptedProvider,
  say,
  stall,
  startProvider,
  stream,
  text,
} from '../provider/index.ts';
import { Chains } from './support/chain.ts';

let server: ScriptedProvider;
beforeEach(async () => {
  server = await startProvider();
});
afterEach(() => server.close());

function chains(calls: CallSettings, fields: object = {}): Chains {
  const all = new Chains({ name: 'm', endpoint: server.url, ...fields });
  all.backend = { ...all.backend, calls };
  return all;
}

describe('the default of', () => {
  test('retries is the server’s, and the model’s own wins', async () => {
    server.script('m', fail(500));
    await expect(chains({ retries: 0 }).ask('m')).rejects.toMatchObject({ answered: 500 });
    expect(server.received).toBe(1);
    const own = chains({ retries: 0 }, { retries: 1 });
    const call = own.start('m');
    own.clock.advance(await own.pause());
    await expect(call.done).rejects.toMatchObject({ answered: 500 });
    expect(server.received).toBe(3);
  });

  test('the first pause is the server’s, and the later ones double it', async () => {
    server.script('m', fail(500), say('At last.'));
    const all = chains({ retryDelayMs: 100 });
    const call = all.start('m');
    const ms = await all.pause();
    expect(ms).toBeLessThanOrEqual(100);
    all.clock.advance(ms);
    expect(await call.done).toBe('At last.');
    const longest = [0, 1, 9].map((retry) => backOff(retry, () => 1, 100));
    expect(longest).toEqual([100, 200, 8_000]);
    expect(backOff(0, () => 1, 20_000)).toBe(20_000);
    expect(backOff(5, () => 1, 0)).toBe(0);
  });

  test('timeouts.connect and timeouts.idle are the server’s', async () => {
    server.script('m', stream([text('Once'), stall()]));
    const all = chains({ connect: 7, idle: 9, retries: 0 });
    const call = all.start('m');
    expect(all.clock.next).toBe(7_000);
    while (call.events.length === 0) await new Promise((resolve) => setImmediate(resolve));
    all.clock.advance(9_000);
    await expect(call.done).rejects.toThrow(/did not go on within 9 s; see timeouts\.idle/);
  });

  test('load_balancing is the server’s', async () => {
    await using other = await startProvider();
    for (const each of [server, other]) each.script('m', say('Here.'));
    const endpoints = [{ url: server.url }, { url: other.url }];
    const all = new Chains({ name: 'm', endpoints });
    all.backend = { ...all.backend, calls: { loadBalancing: 'random' } };
    all.chance = 0.999; // always the last one
    for (let i = 0; i < 4; i += 1) expect(await all.ask('m')).toBe('Here.');
    expect([server.received, other.received]).toEqual([0, 4]);
  });
});

describe('several endpoints of the server', () => {
  test('take the calls of models without their own in turn, with the server’s key', async () => {
    await using second = await startProvider();
    for (const each of [server, second]) each.script('m', say('Here.'));
    const all = new Chains({ name: 'm' });
    all.backend = {
      server: 'main:80',
      endpoint: 'http://127.0.0.1:9/v1',
      endpoints: [server.url, second.url],
      apiKey: 'key-of-server',
    };
    for (let i = 0; i < 4; i += 1) expect(await all.ask('m')).toBe('Here.');
    for (const each of [server, second]) {
      expect(each.requests.map(({ headers }) => headers.authorization)).toEqual([
        'Bearer key-of-server',
        'Bearer key-of-server',
      ]);
    }
  });

  test('shape the digests that httpd gets', () => {
    const digest = (...endpoints: string[]) =>
      Registry.parse('{"models": [{"name": "m"}]}', {}).published([
        { server: 'main:80', endpoint: undefined, endpoints, apiKey: undefined },
      ])[0]?.digest;
    expect(digest('http://a')).toEqual(digest('http://a'));
    expect(digest('http://a')).not.toEqual(digest('http://a', 'http://b'));
  });

  test('are said to be wrong by their directive', async () => {
    const all = new Chains({ name: 'm' });
    all.backend = { ...all.backend, endpoints: ['http://key@host'] };
    expect(() => all.ask('m')).toThrow(/MuseAiBackendEndpoint of main:80: a key does not belong/);
  });
});

describe('a limit of connections', () => {
  test('lets the calls over it wait, in their order', async () => {
    const gate = new Gate();
    server.script('m', stream([hold(gate), text('Here.'), finish()]));
    const all = chains({ connections: 2 });
    const calls = [1, 2, 3, 4].map(() => all.start('m'));
    await server.request(1);
    gate.release();
    expect(await calls[0]?.done).toBe('Here.');
    await server.request(2);
    expect(server.received).toBe(3);
    gate.open();
    for (const call of calls) expect(await call.done).toBe('Here.');
    expect([server.received, all.clock.pending]).toEqual([4, 0]);
  });

  test('is for an origin, whichever model calls it', async () => {
    server.script('m', stream([stall()]));
    server.script('n', say('Here.'));
    const all = new Chains(
      { name: 'm', endpoint: server.url },
      { name: 'n', endpoint: server.url, fallback: ['elsewhere'] },
      { name: 'elsewhere', provider: 'preview' },
    );
    all.backend = { ...all.backend, calls: { connections: 1, freeWait: 3 } };
    const reader = new AbortController();
    const first = all.start('m', reader.signal);
    await server.request(0);
    const second = all.start('n');
    all.clock.advance(3_000);
    await second.done;
    expect(second.events.some((event) => event.type === 'writer')).toBe(true);
    expect(all.said).toEqual(['fallback-used']);
    expect(all.attempts).toContain('full after 3000 ms');
    reader.abort(new Error('left'));
    await expect(first.done).rejects.toThrow('left');
    expect(await all.ask('n')).toBe('Here.');
  });

  test('is told when nobody else is there, and is not held against the endpoint', async () => {
    server.script('m', stream([stall()]));
    const all = chains({ connections: 1, freeWait: 2 }, { circuit: { failures: 1 } });
    const reader = new AbortController();
    const first = all.start('m', reader.signal);
    await server.request(0);
    const second = all.start('m');
    all.clock.advance(2_000);
    await expect(second.done).rejects.toMatchObject({
      code: 'endpoint-full',
      status: 503,
      retryAfter: 5,
      message: expect.stringMatching(/none of 1 connections was free within 2 s; see MuseAiPool/),
    });
    expect(all.attempts).not.toContain('rests');
    reader.abort(new Error('left'));
    await expect(first.done).rejects.toThrow('left');
    expect(all.clock.pending).toBe(0);
  });

  test('is no reason to wait for a reader who leaves', async () => {
    const gate = new Gate();
    server.script('m', stream([hold(gate), text('Here.'), finish()]));
    const all = chains({ connections: 1 });
    const first = all.start('m');
    await server.request(0);
    const reader = new AbortController();
    const second = all.start('m', reader.signal);
    const third = all.start('m');
    reader.abort(new Error('left'));
    await expect(second.done).rejects.toThrow('left');
    gate.open();
    expect([await first.done, await third.done]).toEqual(['Here.', 'Here.']);
    expect(server.received).toBe(2);
  });
});

describe('a model that reasons', () => {
  const thinking = () => server.requests.map((request) => request.field('thinking'));
  const modelCalled = (model: string, provider = 'openai') => {
    const { models } = Registry.parse(
      JSON.stringify({ models: [{ name: 'm', model, provider }] }),
      {},
    );
    const found = models.get('m');
    if (found === undefined) throw new Error('no model');
    return found;
  };

  test('is known by a part of its name', () => {
    const on = { thinkingOff: true };
    for (const name of [
      ...['DeepSeek-R1:70b', 'deepseek-chat', 'Qwen3-32B', 'qwen2.5', 'mercury-coder'],
      ...['sonar-reasoning-pro', 'google/gemini-2.5-flash-lite'],
    ]) {
      expect([name, isToldNotToThink(modelCalled(name), on)]).toEqual([name, true]);
    }
    for (const name of ['gpt-4o-mini', 'gemini-2.5-pro', 'sonar']) {
      expect([name, isToldNotToThink(modelCalled(name), on)]).toEqual([name, false]);
      expect(isToldNotToThink(modelCalled(name), { thinkers: [name.toUpperCase()] })).toBe(true);
    }
    expect(isToldNotToThink(modelCalled('qwen3', 'preview'), on)).toBe(false);
  });

  test('is told only where somebody has asked for it', () => {
    const model = modelCalled('qwen3');
    expect(isToldNotToThink(model)).toBe(false);
    expect(isToldNotToThink(model, { thinkers: [] })).toBe(false);
    expect(isToldNotToThink(model, { thinkers: ['other'] })).toBe(true);
    expect(isToldNotToThink(model, { thinkers: ['qwen'], thinkingOff: false })).toBe(false);
  });

  test('is told not to, and its pages have keys of their own', async () => {
    server.script('qwen3', say('Here.'));
    const all = chains({ thinkingOff: true }, { model: 'qwen3' });
    expect(await all.ask('m')).toBe('Here.');
    expect(thinking()).toEqual([false]);
    const parts = {
      ...{
        messages: [],
        model: modelCalled('qwen3'),
        url: undefined,
        temperature: undefined,
        topP: undefined,
        stop: undefined,
      },
      ...{ maxTokens: undefined, contentType: 'text/html', title: undefined, lang: undefined },
    };
    expect(contentKey({ ...parts, thinkingOff: true })).not.toBe(contentKey(parts));
    expect(contentKey({ ...parts, thinkingOff: false })).toBe(contentKey(parts));
  });

  test.for([400, 422])(
    'whose endpoint refuses that with %i is asked without it',
    async (status) => {
      server.script('qwen3', (asked) =>
        asked.field('thinking') === undefined ? say('Here.') : fail(status),
      );
      const all = chains({ thinkingOff: true }, { model: 'qwen3' });
      for (let i = 0; i < 3; i += 1) expect(await all.ask('m')).toBe('Here.');
      expect(thinking()).toEqual([false, undefined, undefined, undefined]);
      expect(all.said).toEqual(['thinking-refused']);
    },
  );

  test('whose request is refused for another reason is told that reason', async () => {
    server.script(
      'qwen3',
      fail(400, { message: 'Too long.' }),
      fail(400, { message: 'Too long.' }),
    );
    const all = chains({ thinkingOff: true }, { model: 'qwen3' });
    await expect(all.ask('m')).rejects.toThrow('Too long.');
    expect(all.said).toEqual([]);
    server.script('qwen3', fail(401));
    await expect(all.ask('m')).rejects.toMatchObject({ answered: 401 });
    expect(thinking()).toEqual([false, undefined, false]);
  });
});
