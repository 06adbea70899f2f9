/** `npm run test:faults [seconds] [--seed N] [--fault TEXT]`: ends with 1 when an invariant broke. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allFaults } from './faults/index.ts';
import { Script } from './script.ts';
import { type Row, tableOf } from './table.ts';

const usage = `npm run test:faults -- [seconds] [--seed N] [--fault TEXT] [--write FILE]

  seconds       how long it takes, about; 600 at most and unless said otherwise
  --seed N      the order and the random numbers of a run before
  --fault TEXT  only faults whose names contain TEXT
  --write FILE  writes the table to FILE, as Markdown
`;

const log = join(import.meta.dirname, '../../build/reports/faults-error.log');
const secondsMost = 600;
/** Lines for one fault: they tend to say the same. */
const toldMost = 8;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string' },
      fault: { type: 'string', default: '' },
      write: { type: 'string' },
    },
  });
  const seconds = Number(positionals[0] ?? secondsMost);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const faults = allFaults.filter(({ name }) => name.includes(values.fault));
  const isUsable = seconds > 0 && seconds <= secondsMost && Number.isSafeInteger(seed);
  if (!isUsable || faults.length === 0) {
    process.stderr.write(`${usage}\nFaults: ${allFaults.map(({ name }) => name).join(', ')}\n`);
    return 2;
  }
  const only = values.fault === '' ? '' : ` --fault '${values.fault}'`;
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
  if (values.write !== undefined) writeFileSync(values.write, `${table.join('\n')}\n`);
  const failed = rows.filter(({ broken }) => broken.length > 0).length + (left.length > 0 ? 1 : 0);
  // What is looked at when all is over counts as one more.
  say(`${rows.length + 1 - failed} passed, ${failed} failed (seed ${seed})`);
  if (failed > 0) say(`The error log of httpd is ${log}`);
  return failed === 0 ? 0 : 1;
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
