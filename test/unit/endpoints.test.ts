import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  fail,
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

let one: ScriptedProvider;
let two: ScriptedProvider;
beforeEach(async () => {
  [one, two] = await Promise.all([startProvider(), startProvider()]);
  one.script('m', say('one'));
  two.script('m', say('two'));
});
afterEach(() => Promise.all([one.close(), two.close()]));

const model = (fields: object = {}) => ({
  name: 'm',
  endpoints: [{ url: one.url }, { url: two.url }],
  ...fields,
});

/** What so many calls answer, one after the other. */
async function answers(all: Chains, count: number): Promise<string[]> {
  const found: string[] = [];
  for (let i = 0; i < count; i++) found.push(await all.ask('m'));
  return found;
}

describe('several endpoints', () => {
  test('share the calls by their weights', async () => {
    const endpoints = [{ url: one.url, weight: 3 }, { url: two.url }];
    const found = await answers(new Chains(model({ endpoints })), 8);
    expect(found.join(' ')).toBe('one one two one one one two one');
  });

  test('get their own key each, the model’s where they have none, or no key at all', async () => {
    await using three = await startProvider();
    const endpoints = [
      { url: one.url, api_key: 'key-of-one' },
      { url: two.url },
      { url: three.url, api_key: '' },
    ];
    await answers(new Chains(model({ endpoints, api_key: 'key-of-all' })), 6);
    const keys = [one, two, three].map(({ requests }) => [
      ...new Set(requests.map(({ headers }) => headers.authorization)),
    ]);
    expect(keys).toEqual([['Bearer key-of-one'], ['Bearer key-of-all'], [undefined]]);
  });

  test('with least_connections: the one that writes gets no second call', async () => {
    const gate = new Gate();
    one.script('m', stream([text('slow'), hold(gate)]), say('one'));
    const all = new Chains(model({ load_balancing: 'least_connections' }));
    const slow = all.start('m');
    await one.request(0);
    expect(await answers(all, 3)).toEqual(['two', 'two', 'two']);
    gate.open();
    await expect(slow.done).rejects.toMatchObject({ code: 'provider-cut-off' });
    expect(await answers(all, 4)).toContain('one');
  });

  test('stand in for each other at once, also where nothing is tried again', async () => {
    one.script('m', fail(401));
    const all = new Chains(model({ retries: 0 }));
    expect(await answers(all, 4)).toEqual(['two', 'two', 'two', 'two']);
    expect(all.attempts).not.toContain('pause');
  });

  test('are tried again after all of them, those that can do better', async () => {
    one.script('m', fail(401));
    two.script('m', fail(500), say('two'));
    const all = new Chains(model());
    const call = all.start('m');
    all.clock.advance(await all.pause());
    expect(await call.done).toBe('two');
    expect([one.received, two.received]).toEqual([1, 2]);
  });

  test('are not asked one by one for what is wrong with the request', async () => {
    one.script('m', fail(400));
    await expect(new Chains(model()).ask('m')).rejects.toMatchObject({ code: 'provider-rejected' });
    expect(two.received).toBe(0);
  });

  test('wait for each with the timers of the model anew', async () => {
    one.script('m', stream([stall()]));
    const all = new Chains(model({ timeouts: { first: 5 } }));
    const call = all.start('m');
    const asked = await one.request(0);
    all.clock.advance(5_000);
    expect(await call.done).toBe('two');
    expect(await asked.settled).toBe('aborted');
    expect(all.attempts).toMatch(/endpoint 1 \(\S+\): slow after 5000 ms; endpoint 2/);
  });
});

describe('an endpoint that fails again and again', () => {
  const failures = 3;
  const settings = { retries: 0, circuit: { failures, cooldown: 20 } };

  /** One that has just begun to rest. */
  async function resting(): Promise<Chains> {
    one.script('m', fail(500));
    const all = new Chains(model(settings));
    await answers(all, 2 * failures);
    expect(one.received).toBe(failures);
    return all;
  }

  test('rests, and the log says so once', async () => {
    const all = await resting();
    await answers(all, 4);
    expect(one.received).toBe(failures);
    expect(all.said).toEqual(['endpoint-resting']);
    expect(all.log.events.find(({ event }) => event === 'endpoint-resting')?.text).toMatch(
      /^model "m": endpoint 1 \(\S+\) is left alone for 20\.0 s.*status 500/,
    );
    expect(all.attempts).toMatch(/endpoint 1 \(\S+\) rests for 20000 ms; endpoint 2/);
  });

  test('gets one call for a trial after its cool-down, and its share when that succeeds', async () => {
    const all = await resting();
    const gate = new Gate();
    one.script('m', stream([hold(gate), text('one'), stall()]), say('one'));
    all.clock.advance(20_000);
    // One of them is the trial.
    const calls = [all.start('m'), all.start('m')];
    await one.request(failures);
    expect(await answers(all, 3)).toEqual(['two', 'two', 'two']);
    expect(all.attempts).toContain('is being tried');
    gate.open();
    await all.log.waitFor('endpoint-back');
    expect(await answers(all, 4)).toContain('one');
    expect(all.said).toEqual(['endpoint-resting', 'endpoint-back']);
    all.clock.advance(60_000);
    const ends = await Promise.allSettled(calls.map(({ done }) => done));
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('rests on when the trial fails, and its visitor gets the page from another', async () => {
    const all = await resting();
    all.clock.advance(20_000);
    expect(await answers(all, 6)).not.toContain('one');
    expect(one.received).toBe(failures + 1);
    expect(all.said).toEqual(['endpoint-resting']);
  });

  test('is asked all the same when there is no other', async () => {
    const all = await resting();
    two.script('m', fail(500));
    one.script('m', say('one'));
    expect(await all.ask('m')).toBe('one');
    expect(all.attempts).toMatch(/rests for .*; endpoint 2 .*: 500 after .*; endpoint 1 .*stop/);
  });

  test('now and then is told once, and is well when it has not failed for a while', async () => {
    one.script('m', fail(429, { retryAfter: 1 }));
    const all = new Chains(model(settings));
    for (let i = 0; i < 4; i++) {
      await answers(all, 2);
      all.clock.advance(1_000);
    }
    expect(one.received).toBeGreaterThan(2);
    one.script('m', say('one'));
    await answers(all, 2);
    expect(all.said).toEqual(['endpoint-resting']);
    all.clock.advance(20_000);
    await answers(all, 2);
    expect(all.said).toEqual(['endpoint-resting', 'endpoint-back']);
  });

  test('rests at once for its Retry-After', async () => {
    one.script('m', fail(429, { retryAfter: 30 }), say('one'));
    const all = new Chains(model(settings));
    expect(await answers(all, 4)).toEqual(['two', 'two', 'two', 'two']);
    expect(one.received).toBe(1);
    all.clock.advance(30_000);
    expect(await answers(all, 2)).toContain('one');
  });

  test('rests on after a reload of models.json that leaves it as it is', async () => {
    const all = await resting();
    all.reload(model({ ...settings, temperature: 1 }));
    await answers(all, 4);
    expect(one.received).toBe(failures);
    all.reload(model({ ...settings, api_key: 'another-key' }));
    await answers(all, 2);
    expect(one.received).toBe(failures + 1);
  });
});

test('a single endpoint is always asked, however often it has failed', async () => {
  one.script('m', fail(500));
  const all = new Chains({ name: 'm', endpoint: one.url, retries: 0, circuit: { failures: 1 } });
  for (let i = 0; i < 3; i++) {
    await expect(all.ask('m')).rejects.toMatchObject({ code: 'provider-failed' });
  }
  expect(one.received).toBe(3);
  one.script('m', say('one'));
  expect(await all.ask('m')).toBe('one');
  expect(all.said).toEqual([]);
});
