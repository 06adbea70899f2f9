import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { complaintsOf, listSources } from './compile.ts';

/** The compilers that the build does not use. */
const isClang = /clang/.test(execFileSync('cc', ['--version'], { encoding: 'utf8' }));
const [c, cxx] = isClang ? ['gcc', 'g++'] : ['clang', 'clang++'];

const asTheOther = (command: string) =>
  command.replace(/^\S+/, (program) => (/\+\+$/.test(program) ? cxx : c));

test(`all C and C++ compiles without a warning with ${c} too`, { timeout: 300_000 }, async () => {
  const sources = listSources();
  expect(sources.filter(({ path }) => path.startsWith('apache-module/')).length).toBeGreaterThan(
    30,
  );
  expect(sources.filter(({ path }) => path.startsWith('native/region/')).length).toBeGreaterThan(
    30,
  );
  expect(sources.some(({ path }) => path.startsWith('native/addon/'))).toBe(true);
  expect(await complaintsOf(sources, asTheOther)).toEqual([]);
});

test('a warning is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muse-compilers-'));
  try {
    const file = join(folder, 'shadow.c');
    writeFileSync(file, 'int f(int a) { { int a = 1; (void)a; } return a; }\n');
    const [like] = listSources().filter(({ path }) => path.endsWith('mod_muse_ai.c'));
    if (like === undefined) throw new Error('mod_muse_ai.c is not built');
    const command = like.command.replace(/ -c \S+$/, ` -c ${file}`);
    const complaints = await complaintsOf([{ ...like, command }], asTheOther);
    expect(complaints.join()).toContain('shadow');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
