import { quantile, summarise } from '../measure/statistics.ts';
import { onePlace, twoPlaces, whole } from '../report/figures.ts';
import type { Plot, SuiteReport, Table, Target } from '../suite.ts';
import { countVerdict, type Visit } from '../visitors/visitors.ts';
import type { Load } from './load.ts';
import type { SoakSize } from './size.ts';
import type { Usage } from './usage.ts';

/** What was seen of the load in a minute. */
export interface Minute {
  /** Minutes since the beginning, at its end. */
  readonly at: number;
  /** Milliseconds that answers took, by kind of request. */
  readonly times: ReadonlyMap<string, readonly number[]>;
}

/** Minutes in which caches fill and heaps find their size: nothing is said of them. */
const settleMinutes = 5;
const flatWithin = 0.05;

/** What is held of memory, in the order in which it is told. */
const parts = [
  ['all', 'total'],
  ['httpd', 'httpd'],
  ['engine', 'engine'],
  ['shared memory', 'shared'],
] as const;
const files = [
  ['httpd', 'httpdFiles'],
  ['engine', 'engineFiles'],
] as const;

export function reportSoak(
  size: SoakSize,
  usage: readonly Usage[],
  minutes: readonly Minute[],
  load: Load,
  visits: readonly Visit[],
): SuiteReport {
  const peaks = peaksByMinute(usage);
  return {
    tables: [memoryTable(peaks), answerTable(minutes), requestTable(load, size, visits)],
    targets: targets(peaks, size, load, visits),
    plots: [
      plot('soak-memory', 'Memory', 'MB', usage, parts, 2 ** 20),
      plot('soak-descriptors', 'Open descriptors', 'descriptors', usage, files, 1),
    ],
    samples: { usage },
  };
}

/** The most of each figure in a minute. */
type Peak = { readonly at: number } & Omit<Usage, 'seconds'>;

/**
 * The most in each whole minute: now and then V8 gives memory back to the system and takes it again
 * within the next minute, which is no change in what is needed.
 */
function peaksByMinute(usage: readonly Usage[]): Peak[] {
  const byMinute = Map.groupBy(usage, ({ seconds }) => Math.ceil(Math.floor(seconds) / 60));
  return [...byMinute].map(([at, looks]) => {
    const most = (field: keyof Usage) => Math.max(...looks.map((look) => look[field]));
    return {
      at,
      total: most('total'),
      httpd: most('httpd'),
      engine: most('engine'),
      shared: most('shared'),
      httpdFiles: most('httpdFiles'),
      engineFiles: most('engineFiles'),
    };
  });
}

/** The minutes of which something is said. */
function settled<T extends { readonly at: number }>(minutes: readonly T[]): readonly T[] {
  return minutes.filter(({ at }) => at > settleMinutes);
}

/** How far the farthest minute is from the mean of all, as a share of that. */
function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.max(...values.map((value) => Math.abs(value - mean))) / mean;
}

function memoryTable(peaks: readonly Peak[]): Table {
  const chosen = peaks.filter(({ at }) => at <= settleMinutes || at % settleMinutes === 0);
  const megabytes = (bytes: number) => onePlace(bytes / 2 ** 20);
  return {
    caption: 'MB (Pss) and open descriptors, the most in the minute',
    columns: ['minute', ...parts.map(([name]) => name), ...files.map(([name]) => `${name}, open`)],
    rows: chosen.map((peak) => [
      String(peak.at),
      ...parts.map(([, field]) => megabytes(peak[field])),
      ...files.map(([, field]) => whole(peak[field])),
    ]),
  };
}

/** Whether it is as fast at the end as in the beginning. */
function answerTable(minutes: readonly Minute[]): Table {
  const kinds = [...new Set(minutes.flatMap(({ times }) => [...times.keys()]))];
  const at = (list: readonly Minute[], kind: string, q: number) => {
    const all = list.flatMap(({ times }) => times.get(kind) ?? []);
    return all.length === 0 ? '–' : twoPlaces(quantile(all, q));
  };
  const later = minutes.length > settleMinutes ? settled(minutes) : minutes;
  const spans = [later.slice(0, settleMinutes), later.slice(-settleMinutes)];
  return {
    caption: `Milliseconds until an answer was whole, minutes ${name(spans[0])} and ${name(spans[1])}`,
    columns: ['kind', 'median', 'median, last', 'p99', 'p99, last'],
    rows: kinds.map((kind) => [
      kind,
      ...[0.5, 0.99].flatMap((q) => spans.map((span) => at(span, kind, q))),
    ]),
  };
}

function name(span: readonly Minute[] = []): string {
  return `${span[0]?.at ?? '–'} to ${span.at(-1)?.at ?? '–'}`;
}

function requestTable(load: Load, { minutes, streams }: SoakSize, visits: readonly Visit[]): Table {
  const rows = [...load.counts].map(([kind, { asked, failed }]) => [
    kind,
    whole(asked),
    onePlace(asked / minutes / 60),
    whole(failed),
  ]);
  const wrong = countOthers(visits);
  const perSecond = onePlace(visits.length / minutes / 60);
  return {
    caption: 'Requests',
    columns: ['kind', 'requests', 'a second', 'failed'],
    rows: [
      ...rows,
      [`page of a stream, ${streams} at a time`, whole(visits.length), perSecond, whole(wrong)],
    ],
  };
}

function targets(
  peaks: readonly Peak[],
  { perSecond, minutes }: SoakSize,
  load: Load,
  visits: readonly Visit[],
): Target[] {
  const rate = load.sent / minutes / 60;
  const reached: Target = {
    what: 'requests a second',
    wanted: whole(perSecond),
    got: whole(rate),
    met: rate > perSecond * 0.99,
  };
  const failed = load.failed + countOthers(visits);
  const right: Target = {
    what: 'failed requests',
    wanted: '0',
    got: whole(failed),
    met: failed === 0,
  };
  const later = settled(peaks);
  if (later.length < 2) return [right, reached];
  const { min, max } = summarise(later.map(({ total }) => total / 2 ** 20));
  const off = deviation(later.map(({ total }) => total));
  return [
    {
      what: `memory, minutes ${settleMinutes + 1} to ${later.at(-1)?.at}`,
      wanted: `within ${flatWithin * 100} % of its mean`,
      got: `${onePlace(off * 100)} % (${onePlace(min)}–${onePlace(max)} MB)`,
      met: off <= flatWithin,
    },
    right,
    reached,
  ];
}

/** Visits that brought no right page. */
function countOthers(visits: readonly Visit[]): number {
  return visits.length - countVerdict(visits, 'right');
}

function plot<Field extends keyof Usage>(
  file: string,
  title: string,
  label: string,
  usage: readonly Usage[],
  lines: readonly (readonly [string, Field])[],
  unit: number,
): Plot {
  return {
    file,
    title: `${title} over the time`,
    x: { label: 'minutes', scale: 'linear' },
    y: { label, scale: 'linear' },
    series: lines.map(([line, field]) => ({
      name: line,
      points: usage.map((look) => [look.seconds / 60, look[field] / unit] as const),
    })),
  };
}
