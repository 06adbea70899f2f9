import type { Axis } from '../suite.ts';

/** Turns values into places on a line, and knows which values to write beside it. */
export interface Scale {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

/** About how many ticks a linear scale has. */
const ticksWanted = 5;

/** A scale for these values, from `from` to `to` on the line, whose ends are ticks. */
export function makeScale(
  kind: Axis['scale'],
  values: readonly number[],
  from: number,
  to: number,
): Scale {
  const ticks = kind === 'log' ? decades(values) : steps(values);
  const along = kind === 'log' ? Math.log10 : (value: number) => value;
  const [low, high] = [along(ticks[0] ?? 0), along(ticks.at(-1) ?? 1)];
  return {
    ticks,
    place(value) {
      // What a logarithm can't show lies at its end: 0 is as good as the least tick.
      const at = kind === 'log' && value <= 0 ? low : along(value);
      const clamped = Math.min(Math.max(at, low), high);
      return from + ((clamped - low) / (high - low)) * (to - from);
    },
  };
}

/** Even steps of 1, 2 or 5 times a power of ten, from 0 or below to the greatest value or above. */
function steps(values: readonly number[]): number[] {
  const low = Math.min(0, ...values);
  const high = Math.max(low, ...values);
  const rough = (high - low || 1) / ticksWanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
  const first = Math.floor(low / step);
  const last = Math.max(Math.ceil(high / step), first + 1);
  return Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step);
}

/** Powers of ten around the values above 0. */
function decades(values: readonly number[]): number[] {
  const positive = values.filter((value) => value > 0);
  const first = Math.floor(Math.log10(Math.min(...positive, 1e9)));
  const last = Math.max(Math.ceil(Math.log10(Math.max(...positive, 1e-9))), first + 1);
  return Array.from({ length: last - first + 1 }, (_, at) => 10 ** (first + at));
}
