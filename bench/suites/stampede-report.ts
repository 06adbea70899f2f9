import { quantile } from '../measure/statistics.ts';
import { spread, whole } from '../report/figures.ts';
import { shares } from '../report/points.ts';
import type { Plot, SuiteReport, Table, Target } from '../suite.ts';

export interface StampedeSubject {
  readonly name: string;
  readonly isOurs: boolean;
  readonly page: 'short' | 'long';
}

/** What came of one stampede. Times are milliseconds after the provider's first token. */
export interface Stampede {
  /** Completions that the provider was asked for. */
  readonly calls: number;
  /** Visitors without a whole and right page. */
  readonly without: number;
  /** The first byte at each visitor, the earliest first. */
  readonly firstBytes: readonly number[];
  readonly p50: number;
  readonly p99: number;
}

const target = 50;

export function reportStampede(
  subjects: readonly StampedeSubject[],
  samples: ReadonlyMap<string, readonly Stampede[]>,
  visitors: number,
): SuiteReport {
  const list = (name: string, field: 'calls' | 'without' | 'p50' | 'p99') =>
    (samples.get(name) ?? []).map((sample) => sample[field]);
  const table: Table = {
    caption: `${whole(visitors)} visitors, median (least–greatest) of the rounds`,
    columns: ['', 'provider calls', 'first byte: p50 ms', 'p99 ms', 'without a whole page'],
    rows: subjects.map(({ name }) => [
      name,
      spread(list(name, 'calls'), whole),
      spread(list(name, 'p50'), whole),
      spread(list(name, 'p99'), whole),
      spread(list(name, 'without'), whole),
    ]),
  };
  const targets = subjects
    .filter(({ isOurs }) => isOurs)
    .flatMap(({ name, page }): Target[] => {
      const calls = Math.max(...list(name, 'calls'));
      const without = Math.max(...list(name, 'without'));
      const p99 = list(name, 'p99');
      const what = (of: string) => `stampede, ${page} page, ${of}`;
      return [
        { what: what('provider calls'), wanted: '1', got: whole(calls), met: calls === 1 },
        { what: what('without a page'), wanted: '0', got: whole(without), met: without === 0 },
        {
          what: what('first byte p99'),
          wanted: `≤ ${target} ms`,
          got: `${spread(p99, whole)} ms`,
          met: quantile(p99, 0.5) <= target,
        },
      ];
    });
  return { tables: [table], targets, plots: [plot(subjects, samples)], samples: toRecord(samples) };
}

function plot(
  subjects: readonly StampedeSubject[],
  samples: ReadonlyMap<string, readonly Stampede[]>,
): Plot {
  const short = subjects.filter(({ page }) => page === 'short');
  return {
    file: 'stampede-first-byte',
    title: 'One cold page, all at once: who sees its first byte when',
    x: { label: 'ms after the provider’s first token', scale: 'log' },
    y: { label: '% of the visitors', scale: 'linear' },
    series: short.map(({ name }) => ({
      name: name.replace(/,.*/, ''),
      points: shares(samples.get(name)?.[0]?.firstBytes ?? []),
    })),
  };
}

function toRecord(samples: ReadonlyMap<string, readonly Stampede[]>): object {
  return Object.fromEntries(samples);
}
