import { describe, expect, test } from 'vitest';
import {
  encodeAbort,
  encodeBegin,
  encodeEnd,
  encodeGetValues,
  encodeGetValuesResult,
  encodeNameValues,
  encodeStream,
  encodeStreamEnd,
  encodeUnknownType,
  FastCgiError,
  type FastCgiEvent,
  NameValueDecoder,
  PROTOCOL_STATUS,
  RECORD,
  RecordDecoder,
} from '../../src/fastcgi/codec.ts';
import { seededRandom } from './support/random.ts';

const { seed, below: next } = seededRandom();

/** What the events say, whatever pieces streams came in; a stream's end is `type.`. */
function story(events: Iterable<FastCgiEvent>): string[] {
  const told: string[] = [];
  let open = '';
  for (const event of events) {
    if ('data' in event) {
      const name = `${event.type} ${event.requestId} `;
      const text = Buffer.from(event.data).toString('latin1');
      if (event.data.length === 0) told.push(`${name}.`);
      else if (open === name) told.push(`${told.pop()}${text}`);
      else told.push(name + text);
      open = event.data.length === 0 ? '' : name;
    } else {
      const plain = { ...event, ...('values' in event && { values: [...event.values] }) };
      told.push(JSON.stringify(plain));
      open = '';
    }
  }
  return told;
}

function decode(pieces: Iterable<Uint8Array>): string[] {
  const decoder = new RecordDecoder();
  const events: FastCgiEvent[] = [];
  for (const piece of pieces) events.push(...decoder.push(piece));
  expect(decoder.betweenRecords).toBe(true);
  return story(events);
}

function* bytes(all: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < all.length; at += 1) yield all.subarray(at, at + 1);
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** Written by hand from the specification, not by our encoder. */
const REQUEST = hex(`
  01 01 0001 0008 00 00  0001 01 0000000000
  01 04 0001 000c 02 00  04014e414d4556 80000003 80  ffff
  01 04 0001 0006 00 00  000000 414243
  01 04 0001 0003 00 00  010058
  01 04 0001 0000 05 00  0000000000
  01 05 0001 0003 01 00  616263 00
  01 05 0001 0000 00 00
  01 02 0001 0000 00 00
  01 09 0000 0011 00 00  0f00 464347495f4d5058535f434f4e4e53`);
const REQUEST_STORY = [
  '{"type":"begin","requestId":1,"role":1,"keepConnection":true}',
  'params 1 \x04\x01NAMEV\x80\0\0\x03\x80\0\0\0ABC\x01\0X',
  'params 1 .',
  'stdin 1 abc',
  'stdin 1 .',
  '{"type":"abort","requestId":1}',
  '{"type":"get-values","names":["FCGI_MPXS_CONNS"]}',
];
const ANSWER = hex(`
  01 06 0001 0002 06 00  6869 000000000000
  01 07 0001 0001 00 00  21
  01 06 0001 0001 00 00  21
  01 06 0001 0000 00 00
  01 03 0001 0008 00 00  00000001 00 000000
  01 0a 0000 0004 00 00  01 01 4e 31
  01 0b 0000 0008 00 00  63 00000000000000
  01 0c 0000 0002 00 00  aabb`);
const ANSWER_STORY = [
  'stdout 1 hi',
  'stderr 1 !',
  'stdout 1 !',
  'stdout 1 .',
  '{"type":"end","requestId":1,"appStatus":1,"protocolStatus":0}',
  '{"type":"get-values-result","values":[["N","1"]]}',
  '{"type":"unknown-type","recordType":99}',
  '{"type":"unknown","requestId":0,"recordType":12}',
];

describe('the decoder', () => {
  test.each([
    ['request', REQUEST, REQUEST_STORY],
    ['answer', ANSWER, ANSWER_STORY],
  ])('reads a hand-made %s whole, byte by byte and split in two', (_name, all, expected) => {
    expect(decode([all])).toEqual(expected);
    expect(decode(bytes(all))).toEqual(expected);
    for (let at = 1; at < all.length; at += 1) {
      expect(decode([all.subarray(0, at), all.subarray(at)]), `split at ${at}`).toEqual(expected);
    }
  });

  test('reads what the encoder writes, in pieces of any size', () => {
    for (let round = 0; round < 100; round += 1) {
      const content = Buffer.alloc(next(200_000), 'abcdefg');
      const all = Buffer.concat([
        encodeBegin(7, 1, round % 2 === 0),
        ...encodeStream(RECORD.stdin, 7, content),
        encodeStreamEnd(RECORD.stdin, 7),
        encodeAbort(7),
        encodeEnd(7, 0xfffffffe, PROTOCOL_STATUS.overloaded),
        encodeGetValues(['A', 'B']),
        encodeGetValuesResult([['A', '1']]),
        encodeUnknownType(200),
      ]);
      const pieces: Buffer[] = [];
      for (let at = 0; at < all.length; ) {
        const length = 1 + next(next(3) === 0 ? 10 : 70_000);
        pieces.push(all.subarray(at, at + length));
        at += length;
      }
      const stdin = content.length > 0 ? [`stdin 7 ${content.toString('latin1')}`] : [];
      expect(decode(pieces), `MUSE_TEST_SEED=${seed}, round ${round}`).toEqual([
        `{"type":"begin","requestId":7,"role":1,"keepConnection":${round % 2 === 0}}`,
        ...stdin,
        'stdin 7 .',
        '{"type":"abort","requestId":7}',
        '{"type":"end","requestId":7,"appStatus":4294967294,"protocolStatus":2}',
        '{"type":"get-values","names":["A","B"]}',
        '{"type":"get-values-result","values":[["A","1"]]}',
        '{"type":"unknown-type","recordType":200}',
      ]);
    }
  });

  test('gives the pieces of a stream as they come, without gathering them', () => {
    const decoder = new RecordDecoder();
    const [record = Buffer.alloc(0), content = Buffer.alloc(0)] = encodeStream(
      RECORD.stdout,
      1,
      Buffer.from('ab'),
    );
    expect([...decoder.push(record)]).toEqual([]);
    const [first] = decoder.push(content.subarray(0, 1));
    expect(first).toEqual({ type: 'stdout', requestId: 1, data: content.subarray(0, 1) });
    expect([...decoder.push(content.subarray(1))]).toHaveLength(1);
  });

  test.each([
    ['another version', '02 01 0001 0008 00 00', 'bad-version'],
    ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\n').toString('hex'), 'bad-version'],
    ['a request without an id', '01 01 0000 0008 00 00', 'bad-request-id'],
    ['a management record with an id', '01 09 0001 0000 00 00', 'bad-request-id'],
    ['a BEGIN of 7 bytes', '01 01 0001 0007 00 00', 'bad-length'],
    ['an END of 9 bytes', '01 03 0001 0009 00 00', 'bad-length'],
    ['an ABORT with content', '01 02 0001 0001 00 00', 'bad-length'],
    ['values without end', '01 09 0000 ffff 00 00', 'bad-length'],
    ['values cut in a pair', '01 09 0000 0003 00 00 050041', 'cut-pair'],
  ])('refuses %s, then and ever after', (_name, text, code) => {
    for (const pieces of [[hex(text)], bytes(hex(text))]) {
      const decoder = new RecordDecoder();
      const feed = (): void => {
        for (const piece of pieces) for (const event of decoder.push(piece)) expect(event).toBe(0);
      };
      expect(feed).toThrow(expect.objectContaining({ name: 'FastCgiError', code }));
      expect(() => [...decoder.push(REQUEST)]).toThrow(FastCgiError);
    }
  });

  test('survives random bytes', () => {
    for (let round = 0; round < 2_000; round += 1) {
      const decoder = new RecordDecoder();
      const noise = Buffer.from(REQUEST);
      for (let flips = 1 + next(6); flips > 0; flips -= 1) {
        noise[next(noise.length)] = next(256);
      }
      try {
        for (const piece of bytes(noise)) for (const event of decoder.push(piece)) void event;
      } catch (error) {
        expect(error, `MUSE_TEST_SEED=${seed}, round ${round}`).toBeInstanceOf(FastCgiError);
      }
    }
  });
});

describe('the encoder', () => {
  test('writes the bytes of the specification', () => {
    expect(encodeBegin(258, 1, true)).toEqual(hex('01010102000800000001010000000000'));
    expect(encodeBegin(1, 3, false)).toEqual(hex('01010001000800000003000000000000'));
    expect(encodeAbort(1)).toEqual(hex('0102000100000000'));
    expect(encodeEnd(1, 1, PROTOCOL_STATUS.unknownRole)).toEqual(
      hex('01030001000800000000000103000000'),
    );
    expect(encodeUnknownType(99)).toEqual(hex('010b0000000800006300000000000000'));
    expect(encodeGetValues(['N'])).toEqual(hex('010900000003000001004e'));
  });

  test('splits a stream into records of 65,535 bytes, and makes none of nothing', () => {
    const parts = encodeStream(RECORD.stdout, 1, Buffer.alloc(150_000));
    expect(parts.map((part) => part.length)).toEqual([8, 65_535, 8, 65_535, 8, 18_930]);
    expect(encodeStream(RECORD.stdout, 1, Buffer.alloc(0))).toEqual([]);
  });
});

describe('names and values', () => {
  const pairs: [string, string][] = [
    ['A', ''],
    ['', 'B'],
    ['QUERY_STRING', 'x'.repeat(127)],
    ['URI', 'y'.repeat(128)],
    ['LONG', 'ü🐝'.repeat(9_000)],
    ['N'.repeat(200), 'z'],
  ];

  test('come back as they were sent, whole, byte by byte and split at random', () => {
    const all = encodeNameValues(pairs);
    const read = (pieces: Iterable<Uint8Array>): [string, string][] => {
      const decoder = new NameValueDecoder();
      for (const piece of pieces) decoder.push(piece);
      return [...decoder.finish()];
    };
    expect(read([all])).toEqual(pairs);
    expect(read(bytes(all))).toEqual(pairs);
    for (let round = 0; round < 100; round += 1) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < all.length; ) {
        const length = 1 + next(9_000);
        pieces.push(all.subarray(at, at + length));
        at += length;
      }
      expect(read(pieces), `MUSE_TEST_SEED=${seed}, round ${round}`).toEqual(pairs);
    }
  });

  test('of one name: the later value holds', () => {
    const decoder = new NameValueDecoder();
    decoder.push(
      encodeNameValues([
        ['A', '1'],
        ['A', '2'],
      ]),
    );
    expect([...decoder.finish()]).toEqual([['A', '2']]);
  });

  test.each([
    ['a pair that says it has 2 GB', '01 ffffffff', /more than 65536 bytes/],
    ['a name of 2 GB', 'ffffffff 00', /name .* 2147483647 bytes of 256/],
    ['a name of 257 bytes', '80000101 00', /name .* 257 bytes of 256/],
  ])('refuse %s before they take its memory', (_name, text, message) => {
    const decoder = new NameValueDecoder();
    const push = (): void => decoder.push(hex(text));
    expect(push).toThrow(expect.objectContaining({ code: 'too-much' }));
    expect(() => new NameValueDecoder().push(hex(text))).toThrow(message);
  });

  test('refuse many small pairs that are too much together', () => {
    const decoder = new NameValueDecoder({ total: 1_000, name: 10 });
    const push = (): void => {
      for (let count = 0; count < 300; count += 1) decoder.push(hex('01 01 41 42'));
    };
    expect(push).toThrow(expect.objectContaining({ code: 'too-much' }));
  });

  test.each(['01', '8000', '0101', '010141'])('refuse to end in a pair: %s', (text) => {
    const decoder = new NameValueDecoder();
    decoder.push(hex(text));
    expect(() => decoder.finish()).toThrow(expect.objectContaining({ code: 'cut-pair' }));
  });
});
