import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the benchmarks keep what they build and install for themselves. */
export const workshop = join(import.meta.dirname, '..', '.run', 'bench');

const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Wshadow', '-Werror'];

/**
 * Compiles C sources into `name` in the workshop, unless that is newer than all of `inputs`, and
 * returns where it lies.
 */
export function compile(
  name: string,
  inputs: readonly string[],
  compilerAndOptions: () => readonly string[],
): string {
  const output = join(workshop, name);
  const newest = Math.max(...inputs.map(modified));
  if (modified(output) > newest) return output;
  mkdirSync(dirname(output), { recursive: true });
  const [compiler = 'cc', ...options] = compilerAndOptions();
  const sources = inputs.filter((path) => path.endsWith('.c'));
  execFileSync(compiler, [...options, ...flags, '-o', output, ...sources], { stdio: 'inherit' });
  return output;
}

/** When the file was changed last, in milliseconds; 0 when there is none. */
function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
