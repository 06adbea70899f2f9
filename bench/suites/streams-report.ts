import { quantile } from '../measure/statistics.ts';
import { ours } from '../own-pages.ts';
import { middle, onePlace, spread, twoPlaces, whole } from '../report/figures.ts';
import type { Plot, SuiteReport, Table, Target } from '../suite.ts';
import type { ServerFigures, Streams } from './streams-crowd.ts';

const targets = { p50: 3, p99: 20, memory: 64, kilobytes: 20, static: 0.8 } as const;
const mega = 2 ** 20;

interface Sizes {
  readonly some: number;
  readonly most: number;
}

export function reportStreams(all: readonly Streams[], { some, most }: Sizes): SuiteReport {
  const groups = Map.groupBy(all, ({ name, count }) => `${name}, ${whole(count)}`);
  const servers = [...groups].flatMap(([name, list]) => {
    const figures = list.flatMap(({ server }) => (server === undefined ? [] : [server]));
    return figures.length === 0 ? [] : [{ name, count: list[0]?.count ?? 0, figures }];
  });
  const own = all.filter(({ name, count }) => name === ours && count === some);
  return {
    tables: [streamTable(groups), ...serverTables(servers)],
    targets: [
      ...lossTarget(all.filter(({ name, count }) => name === ours && count === most)),
      ...delayTargets(all, some),
      ...serverTargets(
        own.flatMap(({ server }) => server ?? []),
        some,
      ),
    ],
    plots: [delayPlot(all, some), memoryPlot(all)],
    samples: all,
  };
}

function streamTable(groups: ReadonlyMap<string, readonly Streams[]>): Table {
  return {
    caption: 'Streams, and the delay of their tokens in milliseconds, median (least–greatest)',
    columns: [
      '',
      'at a time',
      'whole and right',
      'delay: p50',
      'p99',
      'p99.9',
      'first tokens: p99',
    ],
    rows: [...groups].map(([name, list]) => [
      name,
      whole(Math.min(...list.map(({ waiting }) => waiting))),
      whole(Math.min(...list.map(({ right }) => right))),
      ...(['p50', 'p99', 'p999', 'firstP99'] as const).map((field) =>
        spread(
          list.map((one) => one[field]),
          twoPlaces,
        ),
      ),
    ]),
  };
}

interface Served {
  readonly name: string;
  readonly count: number;
  readonly figures: readonly ServerFigures[];
}

function serverTables(servers: readonly Served[]): Table[] {
  const megabytes = (value: number) => onePlace(value / mega);
  const memory: Table = {
    caption: "Memory in MB: httpd's children together, what that is in KB a stream; the engine",
    columns: ['', 'idle', 'all wait', 'streaming', 'KB a stream', 'engine: idle', 'streaming'],
    rows: servers.map(({ name, count, figures }) => {
      const column = (of: (one: ServerFigures) => number, form = megabytes) =>
        middle(figures.map(of), form);
      return [
        name,
        column(({ memory }) => memory.idle),
        column(({ memory }) => memory.waiting),
        column(({ memory }) => memory.streaming),
        column((one) => kilobytesOf(one, count), onePlace),
        column(({ engine }) => engine.idle),
        column(({ engine }) => engine.streaming),
      ];
    }),
  };
  const files: Table = {
    caption: 'Static files a second, and what is left of them while all wait',
    columns: ['', 'alone', 'while all wait', 'share'],
    rows: servers.map(({ name, figures }) => [
      name,
      spread(
        figures.flatMap(({ staticAlone }) => staticAlone),
        whole,
      ),
      spread(
        figures.map(({ staticWaiting }) => staticWaiting),
        whole,
      ),
      spread(figures.map(shareOf), twoPlaces),
    ]),
  };
  return [memory, files];
}

/** The greater of both stages: that much memory has to be there. */
function greatest({ memory }: ServerFigures): number {
  return Math.max(memory.waiting, memory.streaming);
}

function kilobytesOf(one: ServerFigures, count: number): number {
  return (greatest(one) - one.memory.idle) / 1024 / count;
}

function shareOf({ staticAlone, staticWaiting }: ServerFigures): number {
  return staticWaiting / quantile(staticAlone, 0.5);
}

function lossTarget(largest: readonly Streams[]): Target[] {
  return largest.map(({ count, waiting, right }) => ({
    what: 'streams at a time, all whole and right',
    wanted: whole(count),
    got: `${whole(waiting)} at a time, ${whole(right)} right`,
    met: waiting >= count && right === count,
  }));
}

function delayTargets(all: readonly Streams[], some: number): Target[] {
  const list = (name: string) => all.filter((one) => one.name === name && one.count === some);
  return (['httpd alone', ours] as const).flatMap((name) =>
    (['p50', 'p99'] as const).map((field): Target => {
      const values = list(name).map((one) => one[field]);
      const from = name === ours ? 'provider to client' : 'engine to client';
      // The delay of streams that were never there at the same time proves nothing.
      const complete = list(name).every(({ right, count }) => right === count);
      return {
        what: `token delay, ${from}, ${whole(some)} streams, ${field === 'p50' ? 'median' : field}`,
        wanted: `≤ ${targets[field]} ms`,
        got: complete ? `${spread(values, twoPlaces)} ms` : 'streams were lost',
        met: complete && quantile(values, 0.5) <= targets[field],
      };
    }),
  );
}

function serverTargets(figures: readonly ServerFigures[], some: number): Target[] {
  const megabytes = figures.map((one) => greatest(one) / mega);
  const kilobytes = figures.map((one) => kilobytesOf(one, some));
  const shares = figures.map(shareOf);
  const streams = `${whole(some)} streams`;
  return [
    {
      what: `memory of httpd's children, ${streams}`,
      wanted: `≤ ${targets.memory} MB`,
      got: `${spread(megabytes, onePlace)} MB`,
      met: quantile(megabytes, 0.5) <= targets.memory,
    },
    {
      what: `memory of httpd a stream, ${streams}`,
      wanted: `< ${targets.kilobytes} KB`,
      got: `${spread(kilobytes, onePlace)} KB`,
      met: quantile(kilobytes, 0.5) < targets.kilobytes,
    },
    {
      what: `static files while ${streams} wait, share of alone`,
      wanted: `≥ ${twoPlaces(targets.static)}`,
      got: spread(shares, twoPlaces),
      met: quantile(shares, 0.5) >= targets.static,
    },
  ];
}

function delayPlot(all: readonly Streams[], some: number): Plot {
  const firsts = new Map(
    all.filter(({ count }) => count === some).map((one) => [one.name, one] as const),
  );
  return {
    file: 'streams-delay',
    title: `The delay of a token, ${whole(some)} streams at a time`,
    x: { label: '% of the tokens', scale: 'linear' },
    y: { label: 'ms at most', scale: 'log' },
    series: [...firsts].map(([name, { delays }]) => ({ name, points: delays })),
  };
}

function memoryPlot(all: readonly Streams[]): Plot {
  const most = all.findLast(({ name, server }) => name === ours && server !== undefined);
  return {
    file: 'streams-memory',
    title: 'Memory of httpd while visitors come',
    x: { label: 'streams', scale: 'linear' },
    y: { label: 'MB, all children together', scale: 'linear' },
    series: [{ name: ours, points: most?.server?.growth ?? [] }],
  };
}
