import { describe, expect, test } from 'vitest';
import { createBalancer } from '../../src/providers/balancer.ts';
import { seededRandom } from './support/random.ts';

interface Place {
  readonly name: string;
  readonly weight: number;
  active: number;
}

const place = (name: string, weight: number, active = 0): Place => ({ name, weight, active });

describe('round robin', () => {
  test('spreads weights evenly over the turns', () => {
    const [a, b, c] = [place('a', 5), place('b', 1), place('c', 1)];
    const balance = createBalancer<Place>('round_robin', Math.random);
    const turns = Array.from({ length: 14 }, () => balance([a, b, c]).name).join('');
    expect(turns).toBe('aabacaa'.repeat(2));
  });

  test('goes on among those that are left while one is away', () => {
    const [a, b, c] = [place('a', 1), place('b', 1), place('c', 1)];
    const balance = createBalancer<Place>('round_robin', Math.random);
    expect([balance([a, b, c]).name, balance([b, c]).name, balance([b, c]).name]).toEqual([
      'a',
      'b',
      'c',
    ]);
  });
});

test('random gives each its share', () => {
  const { below } = seededRandom();
  const [a, b] = [place('a', 3), place('b', 1)];
  const balance = createBalancer<Place>('random', () => below(1_000_000) / 1_000_000);
  const times = { a: 0, b: 0 };
  for (let i = 0; i < 4_000; i++) times[balance([a, b]).name === 'a' ? 'a' : 'b'] += 1;
  // Seven standard deviations of the binomial distribution on either side of 3,000.
  expect(Math.abs(times.a - 3_000)).toBeLessThan(7 * Math.sqrt(4_000 * 0.75 * 0.25));
  expect(createBalancer<Place>('random', () => 0.999_999_999)([a, b])).toBe(b);
});

describe('least connections', () => {
  const balance = createBalancer<Place>('least_connections', Math.random);

  test('takes the one with the fewest calls for its weight', () => {
    expect(balance([place('a', 1, 1), place('b', 1, 0), place('c', 1, 2)]).name).toBe('b');
    expect(balance([place('a', 1, 1), place('b', 3, 2)]).name).toBe('b');
    expect(balance([place('a', 2, 2), place('b', 3, 4)]).name).toBe('a');
  });

  test('takes turns by weight where they are equal', () => {
    const [a, b] = [place('a', 3), place('b', 1)];
    const turns = Array.from({ length: 8 }, () => balance([a, b]).name).join('');
    expect(turns).toBe('aabaaaba');
  });
});
