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

/** Two files, one there and one not, and engines that use them one after the other. */
function start() {
  const folder = temporaryFolder();
  const region = Region.create({ storeBytes: 4 << 20, shards: 1 });
  // The region stays: the engines, which never end, see the folder go.
  onTestFinished(() => folder[Symbol.dispose]());
  const paths = [folder.at('tone.ai'), folder.at('end.ai')];
  writeFileSync(folder.at('tone.ai'), 'warm');
  const engine = () => {
    const changed: string[] = [];
    const errors: unknown[] = [];
    const sources = new Sources({
      files: systemFiles,
      clock: systemClock,
      memory: new PromptMemory(region, systemFiles),
      onChange: (files) => changed.push(...files),
      onError: (error) => errors.push(error),
    });
    return { sources, changed, errors };
  };
  return { folder, engine, states: () => fileStates(paths, systemFiles) };
}

test('a change is told, of a file that was there or not, since it was used', async () => {
  const { folder, engine, states } = start();
  const { sources, changed } = engine();
  expect(await sources.resume()).toBe(false);
  const used = await states();
  // Before it is watched.
  writeFileSync(folder.at('tone.ai'), 'cooler');
  sources.add(used);
  await waitUntil('the first change', () => changed.includes(folder.at('tone.ai')));
  writeFileSync(folder.at('end.ai'), 'the end');
  await waitUntil('the second change', () => changed.includes(folder.at('end.ai')));
});

test('the next engine trusts what is as it was, and watches it at once', async () => {
  const { folder, engine, states } = start();
  const first = engine();
  await first.sources.resume();
  first.sources.add(await states());
  const next = engine();
  expect(await next.sources.resume()).toBe(true);
  rmSync(folder.at('tone.ai'));
  await waitUntil('the change', () => next.changed.includes(folder.at('tone.ai')));
});

test('the next engine trusts nothing after a change', async () => {
  const { folder, engine, states } = start();
  const first = engine();
  await first.sources.resume();
  first.sources.add(await states());
  writeFileSync(folder.at('end.ai'), 'the end');
  expect(await engine().sources.resume()).toBe(false);
});

test('a change of one file leaves the others remembered, and watched', async () => {
  const { folder, engine, states } = start();
  const first = engine();
  await first.sources.resume();
  first.sources.add(await states());
  writeFileSync(folder.at('end.ai'), 'the end');
  await engine().sources.resume();
  const next = engine();
  expect(await next.sources.resume()).toBe(true);
  writeFileSync(folder.at('tone.ai'), 'cooler');
  await waitUntil('the change', () => next.changed.includes(folder.at('tone.ai')));
});

test('too many files to be watched are said, once', async () => {
  const { engine } = start();
  const { sources, errors } = engine();
  sources.add(new Map(Array.from({ length: 4_001 }, (_, i) => [`/none/${i}`, 'absent'])));
  sources.add(new Map(Array.from({ length: 4_001 }, (_, i) => [`/neither/${i}`, 'absent'])));
  expect(errors).toHaveLength(1);
  expect(String(errors[0])).toContain('more than 4000 files');
});
