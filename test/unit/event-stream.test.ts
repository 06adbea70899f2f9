import { describe, expect, test } from 'vitest';
import { EventStreamReader } from '../../src/providers/event-stream.ts';
import { cpuTime } from './support/cpu-time.ts';
import { seededRandom } from './support/random.ts';

function read(...pieces: readonly (string | Buffer)[]): string[] {
  const data: string[] = [];
  const reader = new EventStreamReader((each) => data.push(each));
  for (const piece of pieces) reader.push(Buffer.from(piece));
  return data;
}

describe('a stream of events', () => {
  test.for([
    ['one line', 'data: a\n\n', ['a']],
    ['no blank after the colon', 'data:a\n\n', ['a']],
    ['only the first blank taken away', 'data:  a \n\n', [' a ']],
    ['several lines', 'data: a\ndata: b\n\n', ['a\nb']],
    ['lines without a value', 'data\ndata: b\ndata:\n\n', ['\nb\n']],
    ['empty data', 'data:\n\n', ['']],
    ['a byte order mark', '\ufeffdata: a\n\n', ['a']],
    ['a mark that is none', 'data: \ufeffa\n\n', ['\ufeffa']],
    ['CR LF', 'data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n', ['a\nb', 'c']],
    ['CR', 'data: a\rdata: b\r\rdata: c\r\r', ['a\nb', 'c']],
    ['comments and other fields', ': x\nid: 1\nevent: e\nretry: 5\ndata: a\n: y\n\n', ['a']],
    ['a field whose name only begins so', 'database: x\n\n', []],
    ['an event with no data', 'event: e\n\n', []],
    ['an event without an end', 'data: a\n\ndata: b\n', ['a']],
  ] as const)('is read: %s', ([, text, expected]) => {
    expect(read(text)).toEqual(expected);
  });

  test('is the same wherever it is split', () => {
    const text = ': hi\r\ndata: Grüße 🦩\r\n\r\ndata: a\ndata: b\n\ndata: {"x": "\u2028"}\r\r';
    const bytes = Buffer.from(text);
    const whole = read(bytes);
    expect(whole).toEqual(['Grüße 🦩', 'a\nb', '{"x": "\u2028"}']);
    expect(read(...[...bytes].map((byte) => Buffer.of(byte)))).toEqual(whole);
    const { below } = seededRandom();
    for (let i = 0; i < 200; i++) {
      const at = below(bytes.length);
      const next = at + below(bytes.length - at);
      const pieces = [bytes.subarray(0, at), bytes.subarray(at, next), bytes.subarray(next)];
      expect(read(...pieces)).toEqual(whole);
    }
  });

  test('with an event that has no end is refused before it fills the memory', () => {
    const reader = new EventStreamReader(() => undefined);
    const megabyte = Buffer.alloc(1_048_576, 'x');
    const fill = () => {
      for (let i = 0; i < 10; i++) reader.push(megabyte);
    };
    expect(fill).toThrow(/an event has more than 4194304 characters/);
  });

  test('of one line in very many pieces takes time for its length alone', () => {
    const piece = Buffer.alloc(256, 'x');
    const time = (length: number) =>
      cpuTime(() => {
        const reader = new EventStreamReader(() => undefined);
        for (let at = 0; at < length; at += piece.length) reader.push(piece);
      });
    time(1_048_576);
    // Looked through anew with each piece, these are minutes of work.
    expect(time(4_000_000)).toBeLessThan(2_000);
  });
});
