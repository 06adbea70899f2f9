import type { SuiteReport, Table, Target } from '../suite.ts';

/** A suite's figures for the terminal. */
export function renderText(title: string, report: SuiteReport): string {
  return [`== ${title}`, ...report.tables.map(alignTable), ...report.targets.map(targetLine), '']
    .flat()
    .join('\n');
}

function alignTable({ caption, columns, rows }: Table): string[] {
  const all = [columns, ...rows];
  const widths = columns.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ');
  return ['', caption, line(columns), ...rows.map(line), ''];
}

function targetLine({ what, wanted, got, met }: Target): string {
  return `${met ? 'met   ' : 'MISSED'}  ${what}: ${got}, wanted ${wanted}`;
}
