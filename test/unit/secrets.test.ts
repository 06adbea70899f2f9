import { expect, test } from 'vitest';
import { ModelSource } from '../../src/models/source.ts';
import { Secrets } from '../../src/secrets.ts';
import { ManualClock } from './support/clock.ts';
import { ListLog } from './support/log.ts';
import { MemoryRegion } from './support/region.ts';

const backends = [{ server: 'main:80', endpoint: 'http://default', apiKey: 'of-the-server' }];

/** `times` models.json after each other, each with a key of its own and one that stays. */
async function keysAfter(times: number): Promise<(key: string) => boolean> {
  const clock = new ManualClock();
  const secrets = new Secrets();
  secrets.add('of-the-server');
  let now = 0;
  const source = new ModelSource({
    settings: { modelsFile: '/models.json', modelsWhere: undefined, backends, environment: {} },
    table: new MemoryRegion(clock),
    clock,
    secrets,
    log: new ListLog(),
    read: async () =>
      JSON.stringify({
        models: [
          { name: 'a', endpoint: 'http://a', api_key: `the-token-${now}.` },
          { name: 'b', endpoint: 'http://b', api_key: 'the-lasting-key' },
        ],
      }),
  });
  for (; now < times; now += 1) await source.load();
  return (key) => secrets.redact(key) === '[hidden]';
}

test('a key is known as a secret after a reload, since a page may still be written with it', async () => {
  const isKnown = await keysAfter(2);
  expect(isKnown('the-token-0.')).toBe(true);
  expect(isKnown('the-token-1.')).toBe(true);
});

test('keys that are renewed for ever don’t gather, and those in force stay known', async () => {
  const isKnown = await keysAfter(1_200);
  expect(isKnown('the-token-0.')).toBe(false);
  const known = Array.from({ length: 1_200 }, (_, i) => isKnown(`the-token-${i}.`));
  expect(known.filter(Boolean).length).toBeLessThan(1_010);
  expect(isKnown('the-token-1199.')).toBe(true);
  expect(isKnown('the-token-1150.')).toBe(true);
  expect(isKnown('the-lasting-key')).toBe(true);
  expect(isKnown('of-the-server')).toBe(true);
});

test('a key that begins as another does is struck out whole', () => {
  const secrets = new Secrets();
  secrets.add('a-short-key');
  secrets.addOfModels(['a-short-key-and-more', 'another-one']);
  expect(secrets.redact('a-short-key-and-more another-one')).toBe('[hidden] [hidden]');
  expect(secrets.redact('a-short-key')).toBe('[hidden]');
});
