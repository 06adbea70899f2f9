import { describe, expect, test } from 'vitest';
import { type Answer, makeAnswer } from '../../src/caching/answer.ts';
import { createAnswers } from '../../src/caching/answers.ts';
import { type ContentKeyParts, contentKey } from '../../src/caching/keys.ts';
import { cachePolicy } from '../../src/caching/policy.ts';
import { RegionStore } from '../../src/caching/region-store.ts';
import type { Header } from '../../src/exchange.ts';
import { buildModel } from '../../src/models/model.ts';
import { modelSchema } from '../../src/models/schema.ts';
import { ManualClock } from './support/clock.ts';
import { ListLog } from './support/log.ts';
import { MemoryRegion } from './support/region.ts';

const model = (fields: object) => buildModel(modelSchema.parse({ name: 'm', ...fields }), {});

describe('the content key', () => {
  const parts = (change: Partial<ContentKeyParts> = {}): ContentKeyParts => ({
    messages: [
      { role: 'system', content: 'S' },
      { role: 'user', content: 'U' },
    ],
    model: model({}),
    url: 'http://a/v1',
    temperature: undefined,
    topP: undefined,
    maxTokens: 100,
    stop: undefined,
    contentType: 'text/html; charset=utf-8',
    title: undefined,
    lang: undefined,
    ...change,
  });

  test('is a fixed function of its parts: another host and release finds the same page', () => {
    expect(contentKey(parts())).toBe('786e948b834b5e5aea22889b9cbd64d802ff5288');
  });

  test.for<[string, Partial<ContentKeyParts>]>([
    [
      'the system message',
      {
        messages: [
          { role: 'system', content: 'T' },
          { role: 'user', content: 'U' },
        ],
      },
    ],
    [
      'where one message ends',
      {
        messages: [
          { role: 'system', content: 'SU' },
          { role: 'user', content: '' },
        ],
      },
    ],
    [
      'who says it',
      {
        messages: [
          { role: 'user', content: 'S' },
          { role: 'user', content: 'U' },
        ],
      },
    ],
    ['the model at the endpoint', { model: model({ model: 'x' }) }],
    ['the endpoint', { url: 'http://b/v1' }],
    ['the temperature', { temperature: 0 }],
    ['the limit of tokens', { maxTokens: 101 }],
    ['the media type', { contentType: 'text/plain; charset=utf-8' }],
    ['what the page is rendered from', { written: 'text/markdown' }],
    ['whether there may be scripts', { scripts: true }],
    ['the title', { title: 'T' }],
    ['the language', { lang: 'de' }],
    ['the title in place of the language', { title: 'de' }],
    ['whether reasoning is shown', { model: model({ reasoning: 'show' }) }],
    ['top_p', { topP: 0.5 }],
    ['a stop text', { stop: ['x'] }],
    ['where a stop text ends', { stop: ['x', 'y'] }],
  ])('changes with %s', ([, change]) => {
    expect(contentKey(parts(change))).not.toBe(contentKey(parts()));
  });

  test.for<[string, Partial<ContentKeyParts>]>([
    ['the model’s name here', { model: model({ name: 'other', model: 'm' }) }],
    ['a key', { model: model({ api_key: 'k' }) }],
    ['a time to live', { model: model({ ttl: 5 }) }],
    ['timeouts', { model: model({ timeouts: { idle: 5 } }) }],
  ])('does not change with %s', ([, change]) => {
    expect(contentKey(parts(change))).toBe(contentKey(parts()));
  });

  test('counts a limit of 0 tokens as none', () => {
    expect(contentKey(parts({ maxTokens: 0 }))).toBe(contentKey(parts({ maxTokens: undefined })));
  });
});

describe('the caching policy', () => {
  const sources = (page?: number, fromModel?: number, directive?: number) => ({
    page,
    model: fromModel,
    directive,
  });

  test('takes the ttl of the page, else of the model, else of the directive, else 300 s', () => {
    expect(cachePolicy('on', sources(1, 2, 3)).ttl).toBe(1);
    expect(cachePolicy('on', sources(undefined, 2, 3)).ttl).toBe(2);
    expect(cachePolicy('on', sources(undefined, undefined, 3)).ttl).toBe(3);
    expect(cachePolicy('on', sources()).ttl).toBe(300);
  });

  test('keeps an answer beyond its ttl as long as httpd says', () => {
    expect(cachePolicy('on', sources()).stale).toBe(0);
    expect(cachePolicy('on', { ...sources(), stale: 60 }).stale).toBe(60);
  });

  test('neither looks up nor stores when it is off or the ttl is 0; bypass still stores', () => {
    expect(cachePolicy('on', sources())).toMatchObject({ lookUp: true, store: true });
    expect(cachePolicy('bypass', sources())).toMatchObject({ lookUp: false, store: true });
    expect(cachePolicy('off', sources())).toMatchObject({ lookUp: false, store: false });
    expect(cachePolicy('on', sources(0, 300))).toMatchObject({ lookUp: false, store: false });
  });
});

const KEY = 'ab'.repeat(20);
const PAGE = { file: '/site/page.ai' };
const PAGE_KEY = Buffer.alloc(20, 1);
const headers: Header[] = [
  ['Content-Type', 'text/html; charset=utf-8'],
  ['Content-Language', 'de'],
];

function open() {
  const clock = new ManualClock();
  const region = new MemoryRegion(clock);
  const log = new ListLog();
  const answers = createAnswers(region, clock, log);
  const answer = (text: string, freshMs = 60_000, staleMs = 0): Answer =>
    makeAnswer(Buffer.from(text), headers, clock.now(), freshMs, staleMs);
  return { clock, region, log, answers, answer };
}

describe('an answer in the region', () => {
  test('comes back as it was kept, with a strong ETag over its body', async () => {
    const { answers, answer, clock } = open();
    const page = answer('<p>é</p>');
    expect(page.headers.at(-1)).toEqual(['ETag', expect.stringMatching(/^"[0-9a-f]{32}"$/)]);
    expect(answer('<p>é</p>').headers).toEqual(page.headers);
    expect(answer('<p>e</p>').headers).not.toEqual(page.headers);
    expect(await answers.keep(KEY, page, { ...PAGE, begun: answers.now() })).toBe(true);
    clock.advance(1_500);
    const found = await answers.find(KEY, 300, PAGE.file);
    expect(found).toEqual(page);
    expect(found?.storedAt).toBe(clock.now() - 1_500);
  });

  test('has the head that httpd sends, and the region’s own times', async () => {
    const { answers, answer, region } = open();
    await answers.keep(KEY, answer('x', 60_000), { ...PAGE, begun: answers.now() });
    const entry = region.entries.get(KEY);
    expect(entry?.head.toString()).toMatch(
      /^Content-Type: text\/html; charset=utf-8\nContent-Language: de\nETag: "[0-9a-f]{32}"\n$/,
    );
    expect(entry).toMatchObject({
      storedAt: region.nowMs(),
      freshUntil: region.nowMs() + 60_000,
      staleUntil: region.nowMs() + 60_000,
      alias: false,
    });
  });

  test('is not found after its time, and not by a page that asks for a younger one', async () => {
    const { answers, answer, clock } = open();
    await answers.keep(KEY, answer('x', 60_000), { ...PAGE, begun: answers.now() });
    clock.advance(20_000);
    expect(await answers.find(KEY, 20, PAGE.file)).toBeUndefined();
    expect(await answers.find(KEY, 21, PAGE.file)).toBeDefined();
    clock.advance(40_000);
    expect(await answers.find(KEY, 300, PAGE.file)).toBeUndefined();
  });

  test('keeps its age when the wall clock is set', async () => {
    const { answers, answer, region, clock } = open();
    await answers.keep(KEY, answer('x', 60_000), { ...PAGE, begun: answers.now() });
    const set = {
      now: () => clock.now() + 86_400_000,
      uptime: () => clock.uptime(),
      after: clock.after.bind(clock),
    };
    const later = createAnswers(region, set, new ListLog());
    expect((await later.find(KEY, 300, PAGE.file))?.storedAt).toBe(set.now());
  });

  test('has no alias that is fresh for longer, though the engine waited between two clocks', async () => {
    const { answers, answer, region } = open();
    const page = answer('x', 60_000);
    const read = region.nowMs.bind(region);
    const ends = (key: string) => region.entries.get(key)?.freshUntil;
    await answers.keep(KEY, page, { ...PAGE, begun: answers.now() });
    const until = read() + 60_000;
    for (const wait of [0, 1, 40, 900]) {
      region.nowMs = () => read() + wait;
      answers.alias(PAGE_KEY, KEY, page, { ttl: 300, stale: 0 }, PAGE);
      expect([wait, ends(PAGE_KEY.toString('hex')), ends(KEY)]).toEqual([wait, until, until]);
    }
    // The wall clock was set, forth and back.
    for (const set of [-5_000, 5_000]) {
      region.nowMs = () => read() + set;
      const later = answer('y', 60_000);
      await answers.keep(KEY, later, { ...PAGE, begun: answers.now() });
      expect(ends(KEY)).toBe(region.nowMs() + 60_000);
    }
  });

  test('gets an alias with its times, cut to the page’s own ttl', async () => {
    const { answers, answer, region, clock } = open();
    const page = answer('x', 60_000);
    await answers.keep(KEY, page, { ...PAGE, begun: answers.now() });
    const storedAt = region.nowMs();
    clock.advance(5_000);
    answers.alias(PAGE_KEY, KEY, page, { ttl: 300, stale: 0 }, PAGE);
    const alias = () => region.entries.get(PAGE_KEY.toString('hex'));
    expect(alias()).toMatchObject({ storedAt, freshUntil: storedAt + 60_000, alias: true });
    expect(alias()?.body).toEqual(Buffer.from(KEY, 'hex'));
    answers.alias(PAGE_KEY, KEY, page, { ttl: 10, stale: 0 }, PAGE);
    expect(alias()).toMatchObject({ freshUntil: storedAt + 10_000, staleUntil: storedAt + 10_000 });
  });

  test('is kept beyond its time, not found any more, and named by aliases as long', async () => {
    const { answers, answer, region, clock } = open();
    const page = answer('x', 60_000, 30_000);
    await answers.keep(KEY, page, { ...PAGE, begun: answers.now() });
    const freshUntil = region.nowMs() + 60_000;
    expect(region.entries.get(KEY)).toMatchObject({ freshUntil, staleUntil: freshUntil + 30_000 });
    expect(await answers.find(KEY, 300, PAGE.file)).toEqual(page);
    const alias = (ttl: number, stale: number) => {
      answers.alias(PAGE_KEY, KEY, page, { ttl, stale }, PAGE);
      const entry = region.entries.get(PAGE_KEY.toString('hex'));
      return [entry?.freshUntil, entry?.staleUntil].map((time) => (time ?? 0) - freshUntil);
    };
    expect(alias(300, 20)).toEqual([0, 20_000]);
    expect(alias(300, 90)).toEqual([0, 30_000]);
    expect(alias(50, 5)).toEqual([-10_000, -5_000]);
    clock.advance(60_000);
    expect(await answers.find(KEY, 300, PAGE.file)).toBeUndefined();
    expect(region.entries.has(KEY)).toBe(true);
  });

  test('is not taken for the page behind an alias', async () => {
    const { answers, answer } = open();
    const page = answer('x');
    answers.alias(Buffer.from(KEY, 'hex'), KEY, page, { ttl: 300, stale: 0 }, PAGE);
    expect(await answers.find(KEY, 300, PAGE.file)).toBeUndefined();
  });

  test('that does not fit is told and not kept; other failures never reach the page', async () => {
    const { answers, answer, region, log } = open();
    region.failure = Object.assign(new Error('too large'), { code: 'MUSE_TOO_LARGE' });
    expect(await answers.keep(KEY, answer('x'), { ...PAGE, begun: answers.now() })).toBe(false);
    expect(log.names).toEqual(['store-too-large']);
    region.failure = Object.assign(new Error('no memory'), { code: 'MUSE_ENOMEM' });
    answers.alias(PAGE_KEY, KEY, answer('x'), { ttl: 300, stale: 0 }, PAGE);
    expect(log.events.at(-1)).toMatchObject({
      event: 'store-failed',
      text: expect.stringMatching(/no memory/),
    });
    region.get = () => {
      throw new Error('torn');
    };
    expect(await answers.find(KEY, 300, PAGE.file)).toBeUndefined();
  });
});

describe('the region as a Keyv store', () => {
  test('does what Keyv asks of a store, one by one and many at once', async () => {
    const { clock, region, answer } = open();
    const store = new RegionStore(region, clock);
    expect(store.capabilities).toMatchObject({ expires: true, compatible: true });
    const [a, b] = ['a1'.repeat(20), 'b2'.repeat(20)];
    const value = answer('x', 60_000, 30_000);
    const expires = clock.now() + 90_000;
    expect(
      await store.setMany([
        { key: a, value: { value }, expires },
        { key: b, value: { value }, expires },
      ]),
    ).toEqual([true, true]);
    expect(region.entries.get(a)?.staleUntil).toBe(region.nowMs() + 90_000);
    expect(await store.get(a)).toEqual({ value, expires });
    expect(await store.hasMany([a, KEY])).toEqual([true, false]);
    expect((await store.getMany([b, KEY])).map((each) => each?.value)).toEqual([value, undefined]);
    expect(await store.deleteMany([a, KEY])).toEqual([true, false]);
    expect(await store.delete(a)).toBe(false);
    await store.clear();
    expect(await store.has(b)).toBe(false);
    await expect(store.get('short')).rejects.toThrow(/40 hex digits/);
  });
});
