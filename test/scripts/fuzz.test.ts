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
