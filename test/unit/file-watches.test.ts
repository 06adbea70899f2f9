import { rmSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { systemFiles } from '../../src/files.ts';
import { FileWatches } from '../../src/pages/file-watches.ts';
import { fileStates } from '../../src/pages/watch-files.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { temporaryFolder } from './support/folder.ts';

const files = Array.from({ length: 60 }, (_, i) => `part-${i}.txt`);

/** All files of a folder, which became known one by one, as pages are asked for one by one. */
async function watchOneByOne() {
  const folder = temporaryFolder();
  // The watches never end: they see the folder go.
  onTestFinished(() => folder[Symbol.dispose]());
  const changed: string[] = [];
  const watches = new FileWatches({
    files: systemFiles,
    clock: systemClock,
    onChange: (states) => changed.push(...states.keys()),
    onError: (error) => changed.push(String(error)),
  });
  for (const name of files) {
    writeFileSync(folder.at(name), 'as it was');
    watches.add(await fileStates([folder.at(name)], systemFiles));
  }
  return { watches, folder, changed };
}

test('files that become known one by one take few watches', async () => {
  const { watches, changed } = await watchOneByOne();
  expect(watches.count).toBeLessThan(8);
  expect(changed).toEqual([]);
});

test('each of them is watched, whichever watch it is in by now', async () => {
  const { folder, changed } = await watchOneByOne();
  const some = [0, 1, 20, 40, 58, 59].map((i) => folder.at(`part-${i}.txt`));
  for (const file of some) writeFileSync(file, 'changed');
  await waitUntil('all changes', () => some.every((file) => changed.includes(file)));
  rmSync(folder.at('part-7.txt'));
  await waitUntil('one to be gone', () => changed.includes(folder.at('part-7.txt')));
});
