import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const source = join(import.meta.dirname, 'mod_bare.c');
const folder = join(import.meta.dirname, '..', '..', '.run', 'bench');

/**
 * Compiles the yardstick module with httpd's own flags, unless that was done already, and returns
 * where it lies.
 */
export function buildBareModule(): string {
  const output = join(folder, 'mod_bare.so');
  if (modified(output) > modified(source)) return output;
  mkdirSync(folder, { recursive: true });
  const flags = ['CFLAGS', 'CPPFLAGS', 'EXTRA_CPPFLAGS', 'EXTRA_INCLUDES'].flatMap(askApxs);
  execFileSync(
    askApxs('CC')[0] ?? 'cc',
    [
      ...flags,
      `-I${askApxs('INCLUDEDIR').join('')}`,
      ...['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Wshadow', '-Werror'],
      ...['-fPIC', '-shared', '-o', output, source],
    ],
    { stdio: 'inherit' },
  );
  return output;
}

function askApxs(name: string): string[] {
  const answer = execFileSync('apxs', ['-q', name], { encoding: 'utf8' });
  return answer.trim().split(/\s+/).filter(Boolean);
}

/** When the file was changed last, in milliseconds; 0 when there is none. */
function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
