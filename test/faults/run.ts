/** `npm run test:faults [seconds] [--seed N] [--fault TEXT]`: ends with 1 when an invariant broke. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Fault } from './faults/fault.ts';
import { allFaults } from './faults/index.ts';
import { Script } from './script.ts';
import { type Row, tableOf } from './table.ts';

const usage = `npm run test:faults -- [seconds] [--seed N] [--fault TEXT] [--write FILE]

  seconds       how long it takes, about; 600 at most and unless said otherwise
  --seed N      the order and the random numbers of a run before
  --fault TEXT  only faults whose names contain TEXT
  --write FILE  writes the table to FILE, as Markdown
  --help        shows this
`;

const log = join(import.meta.dirname, '../../build/reports/faults-error.log');
const secondsMost = 600;
/** Lines for one fault: they tend to say the same. */
const toldMost = 8;

process.exitCode = await main();

interface Command {
  readonly faults: readonly Fault[];
  readonly seconds: number;
  readonly seed: number;
  /** What was asked for beside the time and the seed, to be asked for again. */
  readonly only: string;
  readonly write: string | undefined;
}

async function main(): Promise<number> {
  const command = readCommand();
  if (typeof command === 'string') {
    process.stderr.write(command);
    return command === usage ? 0 : 2;
  }
  const { faults, seconds, seed, only, write } = command;
  say(`Seed ${seed}: npm run test:faults -- ${seconds} --seed ${seed}${only}`);
  const rows: Row[] = [];
  const left = await Script.run({
    faults,
    seconds,
    seed,
    log,
    onRow(row) {
      rows.push(row);
      tell(row);
    },
  });
  const table = tableOf(rows);
  say('', ...table, '');
  for (const each of left) say(`In the end: ${each}`);
  if (write !== undefined) writeFileSync(write, `${table.join('\n')}\n`);
  const failed = rows.filter(({ broken }) => broken.length > 0).length + (left.length > 0 ? 1 : 0);
  // What is looked at when all is over counts as one more.
  say(`${rows.length + 1 - failed} passed, ${failed} failed (seed ${seed})`);
  if (failed > 0) say(`The error log of httpd is ${log}`);
  return failed === 0 ? 0 : 1;
}

/** What to do, or the text to end with. */
function readCommand(): Command | string {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        seed: { type: 'string' },
        fault: { type: 'string', default: '' },
        write: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return usage;
    const seconds = Number(positionals[0] ?? secondsMost);
    if (!(seconds > 0 && seconds <= secondsMost) || positionals.length > 1) {
      return `The time is one number of seconds, at most ${secondsMost}, not "${positionals.join(' ')}".\n\n${usage}`;
    }
    const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
    if (!Number.isSafeInteger(seed)) {
      return `--seed takes a whole number, not "${values.seed}".\n\n${usage}`;
    }
    const faults = allFaults.filter(({ name }) => name.includes(values.fault));
    const names = allFaults.map(({ name }) => name).join(', ');
    if (faults.length === 0) {
      return `No fault's name contains "${values.fault}". There are: ${names}.\n`;
    }
    const only = values.fault === '' ? '' : ` --fault '${values.fault}'`;
    return { faults, seconds, seed, only, write: values.write };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return `${error.message}\n\n${usage}`;
  }
}

function tell({ fault, broken, records, coldMs, fastMs }: Row): void {
  const mark = broken.length === 0 ? '✓' : '✗';
  const times = `cold after ${Math.round(coldMs)} ms, as fast as before after ${Math.round(fastMs)} ms`;
  say(`${mark} ${fault}: ${records.length} requests, ${times}`);
  for (const line of broken.slice(0, toldMost)) say(`    ${line}`);
  if (broken.length > toldMost) say(`    … and ${broken.length - toldMost} more`);
}

function say(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}
