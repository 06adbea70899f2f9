import { describe, expect, test } from 'vitest';
import { tagOf } from '../../src/caching/purges.ts';
import { html, openEngine } from './support/engine.ts';
import { finish, type StepProvider, text } from './support/provider.ts';
import type { MemoryRegion } from './support/region.ts';

const KEY = 'ab'.repeat(20);
const asked = { MUSE_PAGE_KEY: KEY };

/** What httpd's children leave of a purge; the aliases they take away themselves. */
function mark(region: MemoryRegion, file: string): void {
  const now = region.nowMs();
  const times = { storedAt: now, freshUntil: now + 1e9, staleUntil: now + 1e9 };
  region.put(tagOf(file), { ...times, alias: false, head: Buffer.alloc(0), body: Buffer.alloc(0) });
  region.remove(Buffer.from(KEY, 'hex'));
}

test('the tag of a page is the same wherever it is made', () => {
  expect(tagOf('/var/www/html/hello.ai').toString('hex')).toBe(
    '291cb81e32467cdfa737b165a7846051bae1a058',
  );
});

test('an alias begins with the tag of its page', async () => {
  const engine = await openEngine();
  await engine.get(asked);
  const tag = tagOf(engine.folder.at('page.ai'));
  expect(engine.region.entries.get(KEY)?.head.subarray(0, tag.length)).toEqual(tag);
});

test('a purged page does not come back by its content key', async () => {
  const engine = await openEngine();
  await engine.get(asked);
  await engine.get(asked);
  expect(engine.provider.requests).toHaveLength(1);
  mark(engine.region, engine.folder.at('page.ai'));
  await engine.get(asked);
  expect(engine.provider.requests).toHaveLength(2);
  engine.clock.advance(1);
  mark(engine.region, engine.folder.at('page.ai'));
  engine.clock.advance(1);
  await engine.get(asked);
  expect(engine.provider.requests).toHaveLength(3);
  await engine.get(asked);
  expect(engine.provider.requests).toHaveLength(3);
  expect(engine.region.entries.get(KEY)).toMatchObject({ alias: true });
});

test('another page with the same prompt keeps its answer', async () => {
  const engine = await openEngine();
  engine.write('other.ai', 'Write about herons.');
  await engine.get(asked);
  mark(engine.region, engine.folder.at('other.ai'));
  await engine.get(asked);
  expect(engine.provider.requests).toHaveLength(1);
  await engine.get({}, 'other.ai');
  expect(engine.provider.requests).toHaveLength(2);
});

describe('what was being written when it was purged', () => {
  const purges = {
    'as a page': (region: MemoryRegion, file: string) => mark(region, file),
    'with all pages': (region: MemoryRegion) => {
      region.clear();
      region.epoch += 1;
    },
  };
  test.each(Object.entries(purges))('%s is neither kept nor joined', async (_, purge) => {
    const engine = await openEngine();
    const open = hold(engine.provider);
    const first = engine.start(asked);
    await first.reply.until(({ body }) => body !== '');
    purge(engine.region, engine.folder.at('page.ai'));
    engine.clock.advance(1);
    const second = engine.start(asked);
    await second.reply.until(({ body }) => body !== '');
    expect(engine.provider.requests).toHaveLength(2);
    open();
    await Promise.all([first.done, second.done]);
    expect([first.reply.body, second.reply.body]).toEqual([html, html]);
    const third = await engine.get(asked);
    expect(third.headers['Cache-Status']).toContain('hit');
    expect(engine.provider.requests).toHaveLength(2);
  });

  test('is not kept where nobody asked since', async () => {
    const engine = await openEngine();
    const open = hold(engine.provider);
    const first = engine.start(asked);
    await first.reply.until(({ body }) => body !== '');
    mark(engine.region, engine.folder.at('page.ai'));
    open();
    await first.done;
    expect([...engine.region.entries.keys()]).toEqual([
      tagOf(engine.folder.at('page.ai')).toString('hex'),
    ]);
  });
});

/** Has the provider wait in the middle of the page until the function is called. */
function hold(provider: StepProvider): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  provider.steps = [text(html.slice(0, 30)), promise, text(html.slice(30)), finish()];
  return resolve;
}
