import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Chunk } from '../../src/providers/chunk.ts';
import { PlainChunks } from '../../src/providers/plain-chunks.ts';
import { holds } from './support/property.ts';

/** Texts that tempt: JSON's own marks, names of fields, what stands elsewhere in the chunk too. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 10 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('', 'a', 'content', '"', '\\', '"}', 'c1', 'mod_muse_ai probe'),
  fc.constantFrom('","finish_reason":"stop', '","reasoning":"a'),
);

/** Mostly not there; else it says anything. */
const rare = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 5 }, { arbitrary: value, weight: 1 });
const any = fc.oneof(text, fc.constantFrom(null, 0, 1, true));

/** A chunk as an endpoint may write it: any field may be there, and say what it will. */
const chunk = fc
  .record({
    content: text,
    role: rare(any),
    reasoning: rare(any),
    finish: rare(any),
    id: rare(any),
    usage: rare(fc.constantFrom(null, { prompt_tokens: 1 })),
    error: rare(fc.constantFrom(null, 'no')),
    isLast: fc.boolean(),
    isTwice: rare(fc.constant(true)),
    blanks: rare(fc.constant(1)),
  })
  .map(({ content, role, reasoning, finish, id, usage, error, isLast, isTwice, blanks }) => {
    const delta = isLast ? { role, reasoning, content } : { content, role, reasoning };
    const again = isTwice && content;
    const choices = [{ delta, finish_reason: finish }, ...(isTwice ? [{ delta }] : [])];
    return JSON.stringify({ id, choices, usage, error, again }, null, blanks);
  });

interface Said {
  choices: [{ delta: { content: string }; finish_reason?: unknown }];
  usage?: unknown;
  error?: unknown;
}
const read = (data: string): Said => JSON.parse(data) as Said;
const contentOf = (data: string): unknown => read(data).choices[0].delta.content;

/** The same chunk with another text, as a stream goes on. */
function withText(data: string, next: string): string {
  const chunk = read(data);
  chunk.choices[0].delta.content = next;
  return JSON.stringify(chunk);
}

test('what is found by comparing is what JSON.parse gives, and all that it says', () => {
  let found = 0;
  const first = fc.array(chunk, { minLength: 1, maxLength: 3 });
  holds([first, fc.array(chunk, { maxLength: 3 }), text], (learned, others, next) => {
    const chunks = new PlainChunks();
    for (const data of learned) {
      chunks.learn(data, JSON.parse(data) as Chunk, String(contentOf(data)));
    }
    const on = learned.map((data) => withText(data, next));
    for (const data of [...learned, ...on, ...others]) {
      const said = chunks.textIn(data);
      if (said === undefined) continue;
      found += 1;
      expect(said).toBe(contentOf(data));
      const { choices, usage, error } = read(data);
      expect([usage || null, error || null, choices[0].finish_reason || null]).toEqual([
        null,
        null,
        null,
      ]);
    }
  });
  expect(found).toBeGreaterThan(20);
});

test('what is changed anywhere is never taken for another text', () => {
  const good = '{"id":"c1","choices":[{"index":0,"delta":{"content":"first"}}]}';
  const at = fc.integer({ min: 0, max: good.length });
  holds([at, fc.integer({ min: 0, max: 5 }), text], (from, length, put) => {
    const chunks = new PlainChunks();
    chunks.learn(good, JSON.parse(good) as Chunk, 'first');
    const data = good.slice(0, from) + put + good.slice(from + length);
    const said = chunks.textIn(data);
    if (said !== undefined) expect(said).toBe(contentOf(data));
  });
});
