import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkout } from '../docs/document.ts';
import { loadScript } from './load-script.ts';

const { listTargets } = await loadScript<{
  listTargets: () => { readonly name: string; readonly folder: string }[];
}>('fuzz.mjs');

test('every fuzz target has a corpus, without which it would not be run', () => {
  const sources = ['native/fuzz', 'apache-module/fuzz'].flatMap((folder) =>
    readdirSync(join(checkout, folder))
      .filter((name) => /^fuzz_\w+\.c$/.test(name))
      .filter((name) => {
        const text = readFileSync(join(checkout, folder, name), 'utf8');
        return text.includes('int LLVMFuzzerTestOneInput(');
      })
      .map((name) => ({ name: name.replace(/^fuzz_(\w+)\.c$/, '$1'), folder })),
  );
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
  expect(listTargets().sort(byName)).toEqual(sources.sort(byName));
  expect(sources.length).toBeGreaterThan(5);
});

test.each([
  ['no number of executions', ['--runs', 'many']],
  ['no executions at all', ['--runs', '0', 'store']],
  ['no time at all', ['0']],
  ['a target that is none', ['--runs', '10', 'stores']],
])('%s is refused, and what can be said is told', (_, args) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(checkout, 'scripts', 'fuzz.mjs'), ...args],
    { encoding: 'utf8' },
  );
  expect(status).toBe(1);
  expect(stdout + stderr).toContain('--runs N');
  expect(stdout + stderr).toContain('hostile_store');
});
