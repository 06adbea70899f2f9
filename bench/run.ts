/**
 * Runs the benchmarks: `npm run bench -- [suite…] [--quick] [--json FILE] [--write]`. Ends with 1
 * when something is wrong, with 2 when it was called wrongly; a missed target is only told.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, type Machine } from './report/machine.ts';
import { plotPath, renderMarkdown } from './report/markdown.ts';
import { type RunRecord, readRecords, writeRecords } from './report/record.ts';
import { renderSvg } from './report/svg.ts';
import { renderText } from './report/text.ts';
import type { Suite } from './suite.ts';
import { suites } from './suites/index.ts';

const docs = join(import.meta.dirname, '..', 'docs');
/** A suite that takes longer hangs: the longest takes a few minutes. */
const minutesMax = 10;
const usage = `npm run bench -- [suite…] [options]

Suites: ${suites.map(({ name }) => name).join(', ')}; all of them unless some are named.

  --quick      fewer and shorter rounds: shows that all works
  --json FILE  writes the raw figures of this run to FILE
  --write      writes docs/benchmarks.md, docs/benchmarks.json and the pictures beside them; suites
               that did not run keep what they had
  --help       shows this
`;

interface Command {
  readonly chosen: readonly Suite[];
  readonly quick: boolean;
  readonly json: string | undefined;
  readonly write: boolean;
}

process.exitCode = await main();

async function main(): Promise<number> {
  const command = readCommand();
  if (typeof command === 'string') {
    (command === usage ? process.stdout : process.stderr).write(command);
    return command === usage ? 0 : 2;
  }
  const records: Record<string, RunRecord> = {};
  // Now rather than after minutes.
  for (const { name, check } of command.chosen) {
    try {
      check?.(command);
    } catch (error) {
      process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    }
  }
  // Once, and first: later on the load would be our own.
  const machine = describeMachine();
  let failed = 0;
  for (const suite of command.chosen) {
    const limit = setTimeout(giveUp, minutesMax * 60_000, suite);
    try {
      records[suite.name] = await run(suite, machine, command.quick);
    } catch (error) {
      failed += 1;
      process.stderr.write(`${suite.name} FAILED: ${told(error)}\n`);
    } finally {
      clearTimeout(limit);
    }
  }
  if (command.json !== undefined) writeRecords(command.json, records);
  if (command.write) writeDocs(records);
  return failed === 0 ? 0 : 1;
}

/** httpd and the provider notice that this process is gone, and end. */
function giveUp({ name }: Suite): never {
  process.stderr.write(`${name} FAILED: it was not over after ${minutesMax} minutes\n`);
  process.exit(1);
}

/** What to do, or the text to end with. */
function readCommand(): Command | string {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const unknown = positionals.find((name) => !suites.some((suite) => suite.name === name));
    if (values.help) return usage;
    if (unknown !== undefined) return `There is no suite "${unknown}".\n\n${usage}`;
    if (values.quick && values.write) return '--write needs full rounds: leave --quick out.\n';
    const chosen = suites.filter(
      ({ name }) => positionals.length === 0 || positionals.includes(name),
    );
    return { chosen, quick: values.quick, json: values.json, write: values.write };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return `${error.message}\n\n${usage}`;
  }
}

async function run(suite: Suite, machine: Machine, quick: boolean): Promise<RunRecord> {
  const { title, method } = suite;
  const say = (text: string) => process.stderr.write(`[${suite.name}] ${text}\n`);
  const report = await suite.run({ quick, say });
  process.stdout.write(`\n${renderText(title, report)}\n`);
  const date = new Date().toISOString().slice(0, 10);
  return { date, quick, machine, title, method, ...report };
}

function writeDocs(records: Readonly<Record<string, RunRecord>>): void {
  const json = join(docs, 'benchmarks.json');
  const all = { ...readRecords(json), ...records };
  const ordered = suites.flatMap(({ name }) => {
    const record = all[name];
    return record === undefined ? [] : [[name, record] as const];
  });
  writeRecords(json, Object.fromEntries(ordered));
  writeFileSync(join(docs, 'benchmarks.md'), renderMarkdown(Object.fromEntries(ordered)));
  for (const plot of Object.values(records).flatMap(({ plots }) => plots ?? [])) {
    const path = join(docs, plotPath(plot.file));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, renderSvg(plot));
  }
}

function told(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
