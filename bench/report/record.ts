import { readFileSync, writeFileSync } from 'node:fs';
import type { SuiteReport } from '../suite.ts';
import type { Machine } from './machine.ts';

/** One suite's run, as docs/benchmarks.json keeps it. */
export interface RunRecord extends SuiteReport {
  /** Day of the run, YYYY-MM-DD. */
  readonly date: string;
  readonly quick: boolean;
  readonly machine: Machine;
  readonly title: string;
  readonly method: readonly string[];
}

/** Runs by the name of their suite. */
export type RunRecords = Readonly<Record<string, RunRecord>>;

/** The runs in a file that `writeRecords` wrote; none when there is no file. */
export function readRecords(path: string): RunRecords {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as RunRecords;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}

/** Lists of numbers, which are most of it, take a line each. */
export function writeRecords(path: string, records: RunRecords): void {
  const text = JSON.stringify(records, roundNumbers, 2);
  const lists = /\[\s+[-+.\de]+(?:,\s+[-+.\de]+)*\s+\]/g;
  writeFileSync(path, `${text.replace(lists, (list) => list.replace(/\s+/g, ''))}\n`);
}

/** Five digits are more than any of these measurements is worth. */
function roundNumbers(_key: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isInteger(value)) return value;
  return Number(value.toPrecision(5));
}
