import { describe, expect, test } from 'vitest';
import type { Chunk } from '../../src/providers/chunk.ts';
import { PlainChunks } from '../../src/providers/plain-chunks.ts';

const chunkOf = (text: string, more = ''): string =>
  `{"id":"c1","choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}}${more}}]}`;

/** What is read of `data`, after a stream began with `first`. */
function afterFirst(first: string, data: string): string | undefined {
  const chunks = new PlainChunks();
  const chunk = JSON.parse(first) as Chunk;
  chunks.learn(first, chunk, String(chunk.choices?.[0]?.delta?.content));
  return chunks.textIn(data);
}

describe('the text of a chunk is found by comparing', () => {
  test.each(['word', ' ', '', '<p>grün 🌳</p>', "it's", '\u007f\u2028'])('%j', (text) => {
    expect(afterFirst(chunkOf('first'), chunkOf(text))).toBe(text);
  });

  test('where another place says the same before it', () => {
    const first = '{"id":"first","choices":[{"delta":{"content":"first"}}]}';
    expect(afterFirst(first, first.replace('content":"first"', 'content":"next"'))).toBe('next');
  });
});

describe('it is left to who reads JSON', () => {
  test.each([
    ['with a character that is written otherwise', chunkOf('a "word"\n')],
    ['that says more', chunkOf('word', ',"finish_reason":"stop"')],
    ['of another stream', chunkOf('word').replace('c1', 'c2')],
    ['that ends early', chunkOf('word').slice(0, -1)],
    ['that is shorter than what is around', '{"id":"c1"}'],
    [
      'with more than the text between the same ends',
      chunkOf('a').replace('"a"', '"a","role":"b"'),
    ],
  ])('a chunk %s', (_what, data) => {
    expect(afterFirst(chunkOf('first'), data)).toBeUndefined();
  });

  test.each([
    ['usage', '{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":1}}'],
    ['an error', '{"choices":[{"delta":{"content":"a"}}],"error":"no"}'],
    ['reasoning', '{"choices":[{"delta":{"content":"a","reasoning":"b"}}]}'],
    ['an end', '{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}'],
    ['the same text behind it', '{"choices":[{"delta":{"content":"a"}}],"id":"a"}'],
  ])('whatever follows a chunk with %s', (_what, first) => {
    expect(afterFirst(first, first)).toBeUndefined();
  });

  test('what follows when three examples were none', () => {
    const chunks = new PlainChunks();
    const odd = '{"choices":[{"delta":{"content":"a"}}],"id":"a"}';
    for (let i = 0; i < 3; i += 1) chunks.learn(odd, JSON.parse(odd) as Chunk, 'a');
    chunks.learn(chunkOf('b'), JSON.parse(chunkOf('b')) as Chunk, 'b');
    expect(chunks.textIn(chunkOf('c'))).toBeUndefined();
  });
});
