import { quantile } from '../measure/statistics.ts';

export type Point = readonly [x: number, y: number];

/** Which share of the values, in percent, is no greater than x: a point for each of so many steps. */
export function shares(values: readonly number[], steps = 100): Point[] {
  if (values.length === 0) return [];
  return Array.from(
    { length: steps + 1 },
    (_, at): Point => [quantile(values, at / steps), (100 * at) / steps],
  );
}

/** The percentiles of the values up to 99.9, close to the end ever finer. */
export function percentiles(values: readonly number[]): Point[] {
  if (values.length === 0) return [];
  const at = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 97, 98, 99, 99.5, 99.8, 99.9];
  return at.map((percent): Point => [percent, quantile(values, percent / 100)]);
}
