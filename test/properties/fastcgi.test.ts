import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  encodeNameValues,
  FastCgiError,
  NameValueDecoder,
  RecordDecoder,
} from '../../src/fastcgi/codec.ts';
import { cut, holds, splits } from './support/property.ts';

/** Records of streams as any web server may write them: any length, any padding, interleaved. */
const record = fc.record({
  type: fc.constantFrom(4, 5, 6, 7, 8),
  id: fc.integer({ min: 1, max: 3 }),
  content: fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.integer({ min: 0, max: 65_535 }).map((length) => new Uint8Array(length).fill(length)),
  ),
  padding: fc.oneof(fc.integer({ min: 0, max: 8 }), fc.constant(255)),
});
type Written = typeof record extends fc.Arbitrary<infer R> ? R : never;

const bytesOf = ({ type, id, content, padding }: Written): Buffer => {
  const header = Buffer.from([
    1,
    type,
    0,
    id,
    content.length >> 8,
    content.length & 255,
    padding,
    0,
  ]);
  return Buffer.concat([header, content, Buffer.alloc(padding, 0xee)]);
};

const names: Readonly<Record<number, string>> = {
  4: 'params',
  5: 'stdin',
  6: 'stdout',
  7: 'stderr',
  8: 'data',
};

test('records say the same wherever their bytes are split', () => {
  holds([fc.array(record, { maxLength: 6 }), splits], (records, lengths) => {
    const told: [string, number, Buffer][] = [];
    const decoder = new RecordDecoder();
    const pieces = records.some(({ content }) => content.length > 1_000)
      ? lengths.map((length) => length * 997)
      : lengths;
    for (const piece of cut(Buffer.concat(records.map(bytesOf)), pieces)) {
      for (const event of decoder.push(piece)) {
        if (!('data' in event)) continue;
        const last = told.at(-1);
        const joins = event.data.length > 0 && last !== undefined && last[2].length > 0;
        if (joins && last[0] === event.type && last[1] === event.requestId) {
          last[2] = Buffer.concat([last[2], event.data]);
        } else {
          told.push([event.type, event.requestId, Buffer.from(event.data)]);
        }
      }
    }
    const expected: [string, number, Buffer][] = [];
    for (const { type, id, content } of records) {
      const last = expected.at(-1);
      const joins = content.length > 0 && last !== undefined && last[2].length > 0;
      if (joins && last[0] === names[type] && last[1] === id) {
        last[2] = Buffer.concat([last[2], content]);
      } else {
        expected.push([names[type] ?? '', id, Buffer.from(content)]);
      }
    }
    expect(told).toEqual(expected);
    expect(decoder.betweenRecords).toBe(true);
  });
});

test('any bytes are read or refused, and the same wherever they are split', () => {
  const noise = fc.array(
    fc.oneof(
      fc.constantFrom([1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], [1, 4, 0, 1, 0, 0, 0, 0]),
      fc.constantFrom([1, 9, 0, 0, 0, 3, 0, 0, 1, 0, 65], [1, 3, 0, 1, 0, 8, 0, 0], [1, 200, 0, 0]),
      fc.uint8Array({ maxLength: 12 }).map((bytes) => [...bytes]),
    ),
    { maxLength: 8 },
  );
  const story = (pieces: Iterable<Uint8Array>): string => {
    const decoder = new RecordDecoder();
    let told = '';
    try {
      for (const piece of pieces) {
        for (const event of decoder.push(piece)) {
          const kind = `${event.type},${'requestId' in event ? event.requestId : ''},`;
          const data = 'data' in event ? Buffer.from(event.data).toString('hex') : undefined;
          const joins = data !== undefined && data !== '' && told.includes(`|${kind}`);
          const last = told.lastIndexOf('|');
          told += joins && told.startsWith(`|${kind}`, last) ? data : `|${kind}${data ?? ''}`;
        }
      }
    } catch (error) {
      expect(error).toBeInstanceOf(FastCgiError);
      told += `|${(error as FastCgiError).code}`;
    }
    return told;
  };
  holds([noise, splits], (parts, lengths) => {
    const bytes = Uint8Array.from(parts.flat());
    expect(story(cut(bytes, lengths))).toBe(story([bytes]));
  });
});

test('names and values come back as they were sent', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.integer({ min: 120, max: 135 }).map((length) => 'x'.repeat(length)),
  );
  const pairs = fc.uniqueArray(fc.tuple(text, text), { selector: ([name]) => name, maxLength: 8 });
  holds([pairs, splits], (sent, lengths) => {
    const wellFormed = sent.every((pair) => pair.every((each) => each.isWellFormed()));
    fc.pre(wellFormed);
    const decoder = new NameValueDecoder();
    for (const piece of cut(encodeNameValues(sent), lengths)) decoder.push(piece);
    expect([...decoder.finish()]).toEqual(sent);
  });
});
