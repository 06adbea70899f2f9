import { expect, test } from 'vitest';
import { Shelf } from '../../src/shelf.ts';
import { ManualClock } from './support/clock.ts';

const limits = { ms: 1_000, number: 3, bytes: 100 };

function open() {
  const clock = new ManualClock();
  return { clock, shelf: new Shelf<string>(clock, limits) };
}

test('a value is kept for its time, and leaves no timer behind', () => {
  const { clock, shelf } = open();
  shelf.put('a', 'A', 1);
  clock.advance(999);
  expect(shelf.get('a')).toBe('A');
  clock.advance(1);
  expect([shelf.get('a'), clock.pending]).toEqual([undefined, 0]);
});

test('the oldest go when there are too many', () => {
  const { clock, shelf } = open();
  for (const key of ['a', 'b', 'c', 'd']) shelf.put(key, key, 1);
  expect([...shelf.values()]).toEqual(['b', 'c', 'd']);
  expect(clock.pending).toBe(3);
});

test('the oldest go when they take too much, and what is too large is not kept', () => {
  const { shelf } = open();
  shelf.put('a', 'A', 60);
  shelf.put('b', 'B', 40);
  shelf.put('c', 'C', 41);
  expect([...shelf.values()]).toEqual(['B', 'C']);
  shelf.put('d', 'D', 101);
  expect([...shelf.values()]).toEqual([]);
  shelf.put('e', 'E', 100);
  expect(shelf.get('e')).toBe('E');
});

test('a value that is put again counts once', () => {
  const { shelf } = open();
  for (let i = 0; i < 5; i += 1) shelf.put('a', String(i), 60);
  expect([...shelf.values()]).toEqual(['4']);
});

test('a value may be taken away', () => {
  const { clock, shelf } = open();
  shelf.put('a', 'A', 100);
  shelf.remove('a');
  shelf.put('b', 'B', 100);
  expect([[...shelf.values()], clock.pending]).toEqual([['B'], 1]);
});
