import { rmSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { systemFiles } from '../../src/files.ts';
import { PromptMemory } from '../../src/pages/prompt-memory.ts';
import { Sources } from '../../src/pages/sources.ts';
import { fileStates } from '../../src/pages/watch-files.ts';
import { Region } from '../../src/region.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { temporaryFolder } from './support/folder.ts';

/** Two files, one there and one not, and engines that use them, beside or after each other. */
function start() {
  const folder = temporaryFolder();
  const region = Region.create({ storeBytes: 1 << 20, shards: 1 });
  // The region stays: the engines, which never end, see the folder go.
  onTestFinished(() => folder[Symbol.dispose]());
  const paths = [folder.at('tone.ai'), folder.at('end.ai')];
  writeFileSync(folder.at('tone.ai'), 'warm');
  /** What any engine told: the first that sees a change does. */
  const changed: string[] = [];
  const errors: unknown[] = [];
  const engine = (): Sources =>
    new Sources({
      files: systemFiles,
      clock: systemClock,
      memory: new PromptMemory(region),
      onChange: (files) => changed.push(...files),
      onError: (error) => errors.push(error),
    });
  const states = (those = paths) => fileStates(those, systemFiles);
  return { folder, region, engine, changed, errors, states };
}

test('a change is told, of a file that was there or not, since it was used', async () => {
  const { folder, engine, changed, states, region } = start();
  const sources = engine();
  await sources.resume();
  const used = await states();
  // Before it is watched.
  writeFileSync(folder.at('tone.ai'), 'cooler');
  sources.add(used);
  await waitUntil('the first change', () => changed.includes(folder.at('tone.ai')));
  expect(region.epoch).toBe(2);
  writeFileSync(folder.at('end.ai'), 'the end');
  await waitUntil('the second change', () => changed.includes(folder.at('end.ai')));
  expect(region.epoch).toBe(3);
});

test('the next engine trusts what is as it was, and watches it at once', async () => {
  const { folder, engine, changed, states, region } = start();
  // Of an engine that is gone, and watches no more.
  new PromptMemory(region).note(await states());
  await engine().resume();
  expect(region.epoch).toBe(1);
  rmSync(folder.at('tone.ai'));
  await waitUntil('the change', () => changed.includes(folder.at('tone.ai')));
});

test.each([
  ['changed', 'tone.ai', (path: string) => writeFileSync(path, 'cooler')],
  ['removed', 'tone.ai', (path: string) => rmSync(path)],
  ['added', 'end.ai', (path: string) => writeFileSync(path, 'the end')],
])('the next engine tells of a file that was %s meanwhile', async (_how, name, change) => {
  const { folder, engine, changed, states, region } = start();
  new PromptMemory(region).note(await states());
  change(folder.at(name));
  await engine().resume();
  expect(changed).toEqual([folder.at(name)]);
  expect(region.epoch).toBe(2);
  // Once: the engine after it has no change to tell.
  await engine().resume();
  expect(region.epoch).toBe(2);
});

test('an engine that begins anew after a purge knows what another’s pages are made of', async () => {
  const { folder, engine, changed, states, region } = start();
  const memory = new PromptMemory(region);
  memory.note(await states([folder.at('tone.ai')]));
  region.clear();
  memory.note(await states([folder.at('end.ai')]));
  writeFileSync(folder.at('tone.ai'), 'cooler');
  await engine().resume();
  expect(changed).toEqual([folder.at('tone.ai')]);
});

test('a page made from a file that changed after another engine saw it ends what was trusted', async () => {
  const { folder, engine, changed, states, region } = start();
  // The other engine has not seen it yet.
  new PromptMemory(region).note(await states());
  writeFileSync(folder.at('tone.ai'), 'cooler');
  engine().add(await states());
  expect(changed).toEqual([folder.at('tone.ai')]);
  expect(region.epoch).toBe(2);
});

test('what can’t be remembered leaves nothing to be trusted, and changes are told still', async () => {
  const { folder, engine, changed, states, region } = start();
  const sources = engine();
  const long = Array.from({ length: 300 }, (_, i) => `/${i}/${'x'.repeat(4_000)}`);
  sources.add(new Map(long.map((path) => [path, 'absent'])));
  sources.add(await states());
  await engine().resume();
  expect(region.epoch).toBe(2);
  writeFileSync(folder.at('tone.ai'), 'cooler');
  await waitUntil('the change', () => changed.includes(folder.at('tone.ai')));
  expect(region.epoch).toBe(3);
});

test('too many files to be watched are said, once', async () => {
  const { engine, errors } = start();
  const sources = engine();
  sources.add(new Map(Array.from({ length: 4_001 }, (_, i) => [`/none/${i}`, 'absent'])));
  sources.add(new Map(Array.from({ length: 4_001 }, (_, i) => [`/neither/${i}`, 'absent'])));
  expect(errors).toHaveLength(1);
  expect(String(errors[0])).toContain('more than 4000 files');
});

test('of more files than can be watched, the next engine watches those that were known first', async () => {
  const { folder, engine, changed, errors, states, region } = start();
  const memory = new PromptMemory(region);
  memory.note(await states());
  memory.note(new Map(Array.from({ length: 4_001 }, (_, i) => [`/none/${i}`, 'absent'])));
  await engine().resume();
  expect([errors.length, region.epoch]).toEqual([1, 1]);
  writeFileSync(folder.at('tone.ai'), 'cooler');
  await waitUntil('the change', () => changed.includes(folder.at('tone.ai')));
});
