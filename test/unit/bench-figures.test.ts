import { describe, expect, it } from 'vitest';
import { percentiles, shares } from '../../bench/report/points.ts';
import { makeScale } from '../../bench/report/scale.ts';
import { renderSvg } from '../../bench/report/svg.ts';
import type { Plot } from '../../bench/suite.ts';

describe('a linear scale', () => {
  it('has even ticks from 0 to the greatest value or above', () => {
    expect(makeScale('linear', [3, 42], 0, 100).ticks).toEqual([0, 10, 20, 30, 40, 50]);
    expect(makeScale('linear', [8000], 0, 100).ticks).toEqual([0, 2000, 4000, 6000, 8000]);
  });

  it('begins below 0 where values do', () => {
    expect(makeScale('linear', [-5, 10], 0, 100).ticks).toEqual([-5, 0, 5, 10]);
  });

  it('puts its ends at the ends of the line, which may run backwards', () => {
    const { place } = makeScale('linear', [50], 300, 100);
    expect([place(0), place(25), place(50)]).toEqual([300, 200, 100]);
  });

  it('has a length even when there is nothing but 0', () => {
    const { place, ticks } = makeScale('linear', [0], 0, 100);
    expect(place(0)).toBe(0);
    expect(ticks.length).toBeGreaterThan(1);
  });
});

describe('a logarithmic scale', () => {
  it('has a tick for each power of ten around the values', () => {
    expect(makeScale('log', [0.3, 250], 0, 100).ticks).toEqual([0.1, 1, 10, 100, 1000]);
  });

  it('puts powers of ten at even distances, and what has no logarithm at its beginning', () => {
    const { place } = makeScale('log', [1, 100], 0, 100);
    expect([place(1), place(10), place(100)]).toEqual([0, 50, 100]);
    expect([place(0), place(-1)]).toEqual([0, 0]);
  });

  it('has a length even for one value, and without any', () => {
    expect(makeScale('log', [10], 0, 100).ticks).toEqual([10, 100]);
    expect(makeScale('log', [], 0, 100).ticks.length).toBeGreaterThan(1);
  });
});

describe('the points of a picture', () => {
  it('tell which share of the values is no greater', () => {
    expect(shares([4, 1, 2, 3, 5], 4)).toEqual([
      [1, 0],
      [2, 25],
      [3, 50],
      [4, 75],
      [5, 100],
    ]);
    expect(shares([])).toEqual([]);
  });

  it('tell percentiles, the median among them', () => {
    const points = new Map(percentiles(Array.from({ length: 101 }, (_, at) => at)));
    expect([points.get(0), points.get(50), points.get(99)]).toEqual([0, 50, 99]);
    expect(percentiles([])).toEqual([]);
  });
});

describe('a picture', () => {
  const plot: Plot = {
    file: 'plot',
    title: 'This < that & "more"',
    x: { label: 'ms', scale: 'log' },
    y: { label: '%', scale: 'linear' },
    series: [
      {
        name: 'first',
        points: [
          [1, 0],
          [100, 50],
        ],
      },
      { name: 'empty', points: [] },
    ],
  };

  it('has a line for each series between the edges of its field, and escapes words', () => {
    const svg = renderSvg(plot);
    expect(svg).toContain('points="64,308 688,56"');
    expect(svg.match(/<polyline/g)).toHaveLength(2);
    expect(svg).toContain('This &lt; that &amp; &quot;more&quot;');
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});
