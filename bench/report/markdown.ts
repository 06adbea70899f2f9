import type { Table, Target } from '../suite.ts';
import type { Machine } from './machine.ts';
import type { RunRecord, RunRecords } from './record.ts';

/** Where the picture of a plot lies, seen from docs/. */
export function plotPath(file: string): string {
  return `benchmarks/${file}.svg`;
}

/** The text of docs/benchmarks.md. */
export function renderMarkdown(records: RunRecords): string {
  return [
    '# Benchmarks',
    '',
    'Written by `npm run bench -- --write`; the raw figures are in `benchmarks.json`. The provider',
    'is a scripted one on the same machine, so that no figure depends on a model or a network.',
    'Client, server and provider share the machine: read the ratios, and the figures only as what',
    'they are made of. Ranges are the least and the greatest round.',
    '',
    ...Object.values(records).flatMap((run) => renderRun(run, '##')),
  ].join('\n');
}

/** One run under a heading, with `note` after that. */
export function renderRun(
  run: RunRecord,
  heading: '#' | '##',
  note: readonly string[] = [],
): string[] {
  return [
    `${heading} ${run.title}`,
    '',
    ...note,
    ...run.method.flatMap((paragraph) => [...wrap(paragraph), '']),
    ...run.tables.flatMap(renderTable),
    ...(run.plots ?? []).flatMap(({ file, title }) => [`![${title}](${plotPath(file)})`, '']),
    ...renderTargets(run.targets),
    ...wrap(`Measured on ${run.date}: ${describe(run.machine)}.`),
    '',
  ];
}

function renderTable({ caption, columns, rows }: Table): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = columns.map((_, at) => (at === 0 ? '---' : '---:'));
  return [`${caption}:`, '', line(columns), line(rule), ...rows.map(line), ''];
}

function renderTargets(targets: readonly Target[]): string[] {
  if (targets.length === 0) return [];
  const rows = targets.map(({ what, wanted, got, met }) => [
    what,
    wanted,
    got,
    met ? 'met' : '**missed**',
  ]);
  return renderTable({ caption: 'Targets', columns: ['what', 'wanted', 'got', ''], rows });
}

function describe(machine: Machine): string {
  const { cpu, cores, memory, kernel, httpd, node, wrk, nginx, loadBefore } = machine;
  const front = nginx === undefined ? '' : `, nginx ${nginx}`;
  return (
    `${cpu}, ${cores} cores, ${memory}, ${kernel}; ${httpd}, Node.js ${node}, wrk ${wrk}${front}; ` +
    `load average before the suites ${loadBefore}`
  );
}

function wrap(text: string, width = 100): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
