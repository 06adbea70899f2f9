import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  fail,
  finish,
  garbage,
  redirect,
  type ScriptedProvider,
  say,
  stall,
  startProvider,
  stream,
} from '../provider/index.ts';
import { Chains } from './support/chain.ts';

let server: ScriptedProvider;
beforeEach(async () => {
  server = await startProvider();
  server.script('b', say('from b'));
  server.script('c', say('from c'));
});
afterEach(() => server.close());

const asked = () => server.requests.map(({ model }) => model).join('');
const model = (name: string, fields: object = {}) => ({
  name,
  endpoint: server.url,
  retries: 0,
  ...fields,
});
const chains = (...fallback: string[]) =>
  new Chains(model('a', { fallback }), model('b'), model('c'));

describe('a fallback', () => {
  test.for([
    ['a refused key', fail(401)],
    ['an unknown model', fail(404)],
    ['a used-up quota', fail(429, { retryAfter: 60 })],
    ['a failure', fail(500)],
    ['a redirect', redirect('http://127.0.0.1:9/')],
    ['nonsense', garbage()],
    ['an answer without anything', stream([finish()])],
  ] as const)('writes the page in place of %s', async ([, script]) => {
    server.script('a', script);
    const all = chains('b');
    const call = all.start('a');
    expect(await call.done).toBe('from b');
    expect(call.events[0]).toMatchObject({ type: 'writer', model: { name: 'b' } });
    expect(all.said).toEqual(['fallback-used']);
  });

  test('writes it where the model needs a variable that was not passed', async () => {
    const all = new Chains(
      model('a', { api_key: `\${NO_SUCH_VARIABLE}`, fallback: ['b'] }),
      model('b'),
    );
    expect(await all.ask('a')).toBe('from b');
    expect(all.attempts).toMatch(/^model "a": model-unavailable; model "b": endpoint 1/);
  });

  test('writes it after the model’s own time, within what is left of the whole', async () => {
    server.script('a', stream([stall()]));
    server.script('b', stream([stall()]));
    const all = new Chains(
      model('a', { timeouts: { total: 100 }, fallback: ['b', 'c'] }),
      model('b', { timeouts: { total: 250 } }),
      model('c'),
    );
    const call = all.start('a');
    await server.request(0);
    all.clock.advance(100_000);
    await server.request(1);
    all.clock.advance(199_000);
    expect(asked()).toBe('ab');
    all.clock.advance(1_000);
    await expect(call.done).rejects.toMatchObject({
      code: 'provider-slow',
      message: expect.stringMatching(/^model "a".*within 100 s.*as well: "b" \(provider-slow\)$/),
    });
    expect(asked()).toBe('ab');
    expect(all.clock.pending).toBe(0);
  });

  test.for([
    ['the request itself', fail(400)],
    ['its length', fail(413)],
    ['what was filtered', stream([finish('content_filter')])],
  ] as const)('does not help against %s', async ([, script]) => {
    server.script('a', script);
    const call = chains('b').start('a');
    await call.done.catch(() => undefined);
    expect(asked()).toBe('a');
  });

  test('that rejects the request leaves it to the next one', async () => {
    server.script('a', fail(500));
    server.script('b', fail(400));
    expect(await chains('b', 'c').ask('a')).toBe('from c');
  });

  test('comes after the model’s own retries, and has its own', async () => {
    server.script('a', fail(500));
    server.script('b', fail(500), say('from b'));
    const all = new Chains(model('a', { retries: 1, fallback: ['b'] }), model('b', { retries: 1 }));
    const call = all.start('a');
    all.clock.advance(await all.pause());
    await server.request(2);
    all.clock.advance(await all.pause());
    expect(await call.done).toBe('from b');
    expect(asked()).toBe('aabb');
  });

  test('writes with its own settings where the page says nothing', async () => {
    server.script('a', fail(500));
    const all = new Chains(
      model('a', { temperature: 0.1, max_tokens: 10, fallback: ['b'] }),
      model('b', { temperature: 0.9, max_tokens: 90 }),
    );
    await all.ask('a');
    await all.start('a', undefined, { temperature: 0.5, maxTokens: 50 }).done;
    const sent = server.requests.map(({ body }) => {
      const { temperature, max_tokens } = body as Record<string, unknown>;
      return [temperature, max_tokens];
    });
    expect(sent).toEqual([
      [0.1, 10],
      [0.9, 90],
      [0.5, 50],
      [0.5, 50],
    ]);
  });
});

describe('when all fail', () => {
  test('the asked model’s failure is told, with the soonest time to come back', async () => {
    server.script('a', fail(401));
    server.script('b', fail(429, { retryAfter: 40 }));
    server.script('c', fail(503, { retryAfter: 20 }));
    await expect(chains('b', 'c').ask('a')).rejects.toMatchObject({
      code: 'provider-refused-key',
      retryAfter: 20,
      message: expect.stringMatching(
        /^model "a".*fallbacks failed as well: "b" \(provider-busy\), "c" \(provider-failed\)$/,
      ),
    });
    expect(asked()).toBe('abc');
  });
});

describe('a model whose endpoints rest', () => {
  test('is passed over as long as another writes, and asked when none does', async () => {
    server.script('a', fail(500));
    const circuit = { failures: 2, cooldown: 30 };
    const all = new Chains(model('a', { circuit, fallback: ['b'] }), model('b'));
    for (let i = 0; i < 4; i++) expect(await all.ask('a')).toBe('from b');
    expect(asked()).toBe('ababbb');
    expect(all.attempts).toMatch(/^model "a": endpoint 1 \(\S+\) rests for 30000 ms; model "b"/);
    server.script('a', say('from a'));
    server.script('b', fail(500));
    expect(await all.ask('a')).toBe('from a');
    expect(asked()).toBe('ababbbba');
  });
});

describe('the log', () => {
  test('tells of a fallback once, and once when the model is back', async () => {
    const all = chains('b');
    server.script('a', fail(500));
    for (let i = 0; i < 3; i++) await all.ask('a');
    expect(all.said).toEqual(['fallback-used']);
    expect(all.log.events.find(({ event }) => event === 'fallback-used')?.text).toMatch(
      /^model "b" writes the pages of model "a" for now: model "a" at http.*status 500/,
    );
    server.script('a', say('from a'), fail(500), say('from a'));
    for (let i = 0; i < 3; i++) await all.ask('a');
    all.clock.advance(59_000);
    await all.ask('a');
    expect(all.said).toEqual(['fallback-used']);
    all.clock.advance(1_000);
    await all.ask('a');
    await all.ask('a');
    expect(all.said).toEqual(['fallback-used', 'fallback-over']);
  });

  test('tells what was tried without a word of the prompt or the key', async () => {
    server.script('a', fail(500, { message: 'No key-of-a for "Write about the grey heron."' }));
    const all = new Chains(
      model('a', { api_key: 'key-of-a', fallback: ['b'] }),
      model('b', { api_key: 'key-of-b' }),
    );
    await all.ask('a');
    expect(JSON.stringify(all.log.events)).not.toMatch(/key-of|heron/);
    expect(all.attempts).toMatch(
      /^model "a": endpoint 1 .*: 500 after .*; model "b": .*stop after/,
    );
  });
});
