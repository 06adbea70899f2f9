import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventStreamReader } from '../../src/providers/event-stream.ts';
import { cut, holds, splits } from './support/property.ts';

/** A line of an event: what it is, and what it adds to the event's data, if anything. */
const line = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => {
    const plain = text.replaceAll(/[\r\n]/g, '');
    return { line: `data: ${plain}`, data: plain };
  }),
  fc.constant({ line: 'data', data: '' }),
  fc.constant({ line: 'data:a', data: 'a' }),
  fc
    .constantFrom(': comment', ':', 'event: x', 'id: 1', 'retry: 5', 'dataset: y', ' data: z')
    .map((other) => ({ line: other, data: undefined })),
);
const events = fc.array(fc.array(line, { maxLength: 4 }), { maxLength: 5 });
const ends = fc.array(fc.constantFrom('\n', '\r\n', '\r'), { minLength: 1, maxLength: 7 });

function read(pieces: Iterable<Uint8Array>): string[] {
  const told: string[] = [];
  const reader = new EventStreamReader((data) => told.push(data));
  for (const piece of pieces) reader.push(Buffer.from(piece));
  return told;
}

test('events are the same whatever ends their lines and wherever they are split', () => {
  holds([events, ends, splits, fc.boolean()], (all, lineEnds, lengths, mark) => {
    let count = 0;
    const end = () => lineEnds[count++ % lineEnds.length] ?? '\n';
    let text = mark ? '\ufeff' : '';
    for (const lines of all) {
      for (const each of lines) text += each.line + end();
      // A lone CR and an LF behind it would be one end: here each stands for itself.
      text += text.endsWith('\r') ? '\r' : '\n';
    }
    const expected = all
      .map((lines) => lines.flatMap(({ data }) => (data === undefined ? [] : [data])))
      .filter((data) => data.length > 0)
      .map((data) => data.join('\n'));
    // The last CR may be half of an end that has not come yet; what follows decides.
    const bytes = Buffer.from(`${text}: end\n`);
    expect(read([bytes])).toEqual(expected);
    expect(read(cut(bytes, lengths))).toEqual(expected);
  });
});

test('any bytes at all are the same wherever they are split', () => {
  const bytes = fc.array(
    fc.constantFrom('data', ':', ' ', '\r', '\n', '\n\n', '\ufeff', 'é', '🦩', '\0', 'x'),
    { maxLength: 40 },
  );
  holds([bytes, fc.uint8Array({ maxLength: 4 }), splits], (words, tail, lengths) => {
    const all = Buffer.concat([Buffer.from(words.join('')), tail]);
    expect(read(cut(all, lengths))).toEqual(read([all]));
  });
});
