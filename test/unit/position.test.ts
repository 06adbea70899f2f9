import { describe, expect, test } from 'vitest';
import {
  advance,
  formatPosition,
  isIn,
  type Position,
  parsePosition,
  START,
} from '../../src/representations/position.ts';

const reader = (text: string, size = 7) => {
  const bytes = Buffer.from(text);
  return (from: number) => (from < bytes.length ? bytes.subarray(from, from + size) : undefined);
};
const behind = (text: string): Position => advance(START, text);

describe('the id of an event', () => {
  test('says bytes and their checksum, and is read as it was written', () => {
    const position = behind('Größe 🌊');
    expect(formatPosition(position)).toMatch(/^12-[0-9a-f]{8}$/);
    for (const ended of [false, true]) {
      expect(parsePosition(formatPosition({ ...position, ended }))).toEqual({ ...position, ended });
    }
    expect(formatPosition(START)).toBe('0-00000000');
  });

  test('is the same however the text was cut', () => {
    expect([...'Größe 🌊'].reduce(advance, START)).toEqual(behind('Größe 🌊'));
  });

  test.for([
    undefined,
    '',
    '1',
    '1-2',
    '-1-00000000',
    '1-0000000G',
    '12345678901-00000000',
    '1-00000000-ended',
  ])('of %j is none of ours', (id) => {
    expect(parsePosition(id)).toBeUndefined();
  });
});

describe('a text holds a position', () => {
  test('where it begins with the same bytes, and only there', () => {
    const position = behind('A page of so');
    expect(isIn(position, reader('A page of some length'))).toBe(true);
    expect(isIn(position, reader('A page of so'))).toBe(true);
    expect(isIn(position, reader('A page of s'))).toBe(false);
    expect(isIn(position, reader('A Page of some length'))).toBe(false);
    expect(isIn(START, reader(''))).toBe(true);
  });

  test('but not inside of a character', () => {
    const bytes = Buffer.from('🌊').subarray(0, 2);
    const inside = { ...behind(''), offset: 2, check: crcOf(bytes) };
    expect(isIn(inside, reader('🌊'))).toBe(false);
  });
});

function crcOf(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
