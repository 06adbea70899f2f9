/** The table of a run: a line for each fault. */

import type { Outcome, RequestRecord } from './load/record.ts';

export interface Row {
  readonly fault: string;
  readonly records: readonly RequestRecord[];
  /** Milliseconds from its end until a cold page came, and until all was as fast as before. */
  readonly coldMs: number;
  readonly fastMs: number;
  /** Of these, so many went by while the engine could have gone on and had no processor. */
  readonly queuedMs: number;
  /** Pages that were read again from the cache. */
  readonly read: number;
  /** What must not be. */
  readonly broken: readonly string[];
}

const shown = ['aborted', 'refused', 'lost', 'late', 'wrong'] as const satisfies Outcome[];
const columns = [
  'fault',
  'requests',
  'cached',
  'failed',
  ...shown,
  'killed',
  'retried',
  'read again',
  'cold ms',
  'fast ms',
  'queued ms',
  'broken',
];

export function cells(row: Row): string[] {
  const counted = row.records.filter(({ victim }) => !victim);
  const cached = counted.filter(({ kind }) => kind.startsWith('cached'));
  const count = (outcome: Outcome): number =>
    counted.filter((record) => record.outcome === outcome).length;
  return [
    row.fault,
    row.records.length,
    cached.length,
    cached.filter(({ outcome }) => outcome !== 'whole').length,
    ...shown.map(count),
    row.records.filter(({ victim, outcome }) => victim && outcome !== 'whole').length,
    row.records.filter(({ retried }) => retried).length,
    row.read,
    Math.round(row.coldMs),
    Math.round(row.fastMs),
    Math.round(row.queuedMs),
    row.broken.length,
  ].map(String);
}

/** For the terminal and for Markdown: the same table, and its columns stand below each other. */
export function tableOf(rows: readonly Row[]): string[] {
  const all = [columns, ...rows.map(cells)];
  const widths = columns.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  const pad = (cell: string, at: number): string =>
    at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0);
  const [head = '', ...lines] = all.map((row) => `| ${row.map(pad).join(' | ')} |`);
  const rule = `|${widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [head, rule, ...lines];
}
