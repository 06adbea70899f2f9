import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { compile } from '../compile.ts';

const source = join(import.meta.dirname, 'mod_bare.c');

/** Compiles the yardstick module with httpd's own flags and returns where it lies. */
export function buildBareModule(): string {
  return compile('mod_bare.so', [source], () => [
    askApxs('CC')[0] ?? 'cc',
    ...['CFLAGS', 'CPPFLAGS', 'EXTRA_CPPFLAGS', 'EXTRA_INCLUDES'].flatMap(askApxs),
    `-I${askApxs('INCLUDEDIR').join('')}`,
    ...['-fPIC', '-shared'],
  ]);
}

function askApxs(name: string): string[] {
  const answer = execFileSync('apxs', ['-q', name], { encoding: 'utf8' });
  return answer.trim().split(/\s+/).filter(Boolean);
}
