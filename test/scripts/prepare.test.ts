import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadScript } from './load-script.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

interface Need {
  what: string;
  why: string;
  debian: string;
  purpose: 'run' | 'build' | 'test';
  isMet: () => boolean;
}
const { findMissing, needs } = await loadScript<{
  findMissing: (purpose: string, all?: readonly Need[]) => Need[];
  needs: readonly Need[];
}>('needs.mjs');
const { hashInputs, isCurrent, writeStamp } = await loadScript<{
  hashInputs: (root: string, paths: readonly string[], facts?: readonly string[]) => string;
  isCurrent: (stamp: string, hash: string, outputs: readonly string[]) => boolean;
  writeStamp: (stamp: string, hash: string) => void;
}>('stamp.mjs');
const { areInstalled, isNewEnough } = await loadScript<{
  areInstalled: (root: string) => boolean;
  isNewEnough: (version: string) => boolean;
}>('dependencies.mjs');

test('what a test run needs includes what a build needs, and that what serving needs', () => {
  const need = (what: string, purpose: Need['purpose']): Need => ({
    what,
    purpose,
    why: '',
    debian: what,
    isMet: () => what.startsWith('have'),
  });
  const all = [need('a', 'run'), need('b', 'build'), need('c', 'test'), need('have d', 'run')];
  const missing = (purpose: string) => findMissing(purpose, all).map(({ what }) => what);
  expect(missing('run')).toEqual(['a']);
  expect(missing('build')).toEqual(['a', 'b']);
  expect(missing('test')).toEqual(['a', 'b', 'c']);
});

test('nothing is missing on a machine where the tests run, and every need says why', () => {
  expect(findMissing('test')).toEqual([]);
  for (const need of needs) expect(need.why).toMatch(/^(to|for) \w+/);
});

test('a stamp is current until a source, a fact or an output changes', () => {
  const root = makeTemporaryFolder();
  const output = join(root, 'output');
  const stamp = join(root, 'build', 'stamp');
  mkdirSync(join(root, 'src', 'deep'), { recursive: true });
  writeFileSync(join(root, 'src', 'deep', 'a.c'), 'one');
  writeFileSync(output, '');
  const hash = (fact = 'gcc 12') => hashInputs(root, ['src', 'missing.txt'], [fact]);
  const made = hash();
  expect(isCurrent(stamp, made, [output])).toBe(false);
  writeStamp(stamp, made);
  expect(isCurrent(stamp, hash(), [output])).toBe(true);
  expect(isCurrent(stamp, hash('gcc 13'), [output])).toBe(false);
  writeFileSync(join(root, 'src', 'deep', 'a.c'), 'two');
  expect(isCurrent(stamp, hash(), [output])).toBe(false);
  writeFileSync(join(root, 'src', 'deep', 'a.c'), 'one');
  expect(isCurrent(stamp, hash(), [output])).toBe(true);
  writeFileSync(join(root, 'missing.txt'), 'here now');
  expect(isCurrent(stamp, hash(), [output])).toBe(false);
  rmSync(join(root, 'missing.txt'));
  rmSync(output);
  expect(isCurrent(stamp, hash(), [output])).toBe(false);
});

test('the npm packages count as installed only while they are what the lock file says', () => {
  const root = makeTemporaryFolder();
  const lock = (packages: object) => JSON.stringify({ packages });
  const wanted = {
    '': { name: 'x' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/mac-only': { version: '1.0.0', optional: true },
  };
  writeFileSync(join(root, 'package-lock.json'), lock(wanted));
  expect(areInstalled(root)).toBe(false);
  mkdirSync(join(root, 'node_modules'));
  const present = join(root, 'node_modules', '.package-lock.json');
  writeFileSync(present, lock({ 'node_modules/a': { version: '1.0.0' } }));
  expect(areInstalled(root)).toBe(true);
  writeFileSync(present, lock({ 'node_modules/a': { version: '0.9.0' } }));
  expect(areInstalled(root)).toBe(false);
  writeFileSync(present, lock({ 'node_modules/a': { version: '1.0.0' } }));
  const { platform, arch } = process;
  const here = { version: '1.0.0', optional: true, os: [platform], cpu: [arch] };
  writeFileSync(join(root, 'package-lock.json'), lock({ ...wanted, 'node_modules/here': here }));
  expect(areInstalled(root)).toBe(false);
  const elsewhere = { ...here, cpu: ['other'] };
  writeFileSync(join(root, 'package-lock.json'), lock({ ...wanted, 'node_modules/b': elsewhere }));
  expect(areInstalled(root)).toBe(true);
  writeFileSync(present, '{"packages": {"node_mo');
  expect(areInstalled(root)).toBe(false);
});

test.each([
  ['v18.20.0', false],
  ['v22.18.9', false],
  ['v22.19.0', true],
  ['v24.0.0', true],
  ['v26.10.0\n', true],
])('Node %s is new enough: %s', (version, expected) => {
  expect(isNewEnough(version)).toBe(expected);
});
