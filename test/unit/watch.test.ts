import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { watchPaths } from '../../src/watch.ts';
import { temporaryFolder } from './support/folder.ts';

/** Watches `paths`; `after(change)` makes a change and resolves when it is seen. */
async function watching(...paths: string[]) {
  let seen = Promise.withResolvers<void>();
  const watch = watchPaths(paths, {
    clock: systemClock,
    quiet: 5,
    onChange: async () => seen.resolve(),
    onError: (error) => seen.reject(error),
  });
  await watch.ready;
  return {
    async after(change: () => void): Promise<void> {
      seen = Promise.withResolvers();
      change();
      await seen.promise;
    },
    [Symbol.asyncDispose]: watch.close,
  };
}

describe('a watched file', () => {
  test('is seen to change, by writing or by renaming another over it, every time', async () => {
    using folder = temporaryFolder();
    const file = folder.at('models.json');
    writeFileSync(file, '1');
    await using watch = await watching(file);
    for (const round of ['2', '3', '4']) {
      await watch.after(() => writeFileSync(file, round));
      await watch.after(() => {
        writeFileSync(folder.at('new'), `${round}!`);
        renameSync(folder.at('new'), file);
      });
    }
  });

  test('is seen to go, and to come back', async () => {
    using folder = temporaryFolder();
    const file = folder.at('models.json');
    await using watch = await watching(file);
    await watch.after(() => writeFileSync(file, '1'));
    await watch.after(() => unlinkSync(file));
    await watch.after(() => writeFileSync(file, '2'));
    await watch.after(() => writeFileSync(file, '33'));
  });

  test('is seen to come with its folders, and to change with one that is replaced', async () => {
    using folder = temporaryFolder();
    await using watch = await watching(folder.at('a/b/models.json'));
    await watch.after(() => mkdirSync(folder.at('a')));
    await watch.after(() => mkdirSync(folder.at('a/b')));
    await watch.after(() => writeFileSync(folder.at('a/b/models.json'), '1'));
    mkdirSync(folder.at('a/c'));
    writeFileSync(folder.at('a/c/models.json'), '2');
    await watch.after(() => {
      renameSync(folder.at('a/b'), folder.at('a/old'));
      renameSync(folder.at('a/c'), folder.at('a/b'));
    });
    await watch.after(() => writeFileSync(folder.at('a/b/models.json'), '3'));
    await watch.after(() => rmSync(folder.at('a/b'), { recursive: true }));
  });

  test('is seen through links that are swapped, as Kubernetes mounts a ConfigMap', async () => {
    using folder = temporaryFolder();
    for (const version of ['..1', '..2']) {
      mkdirSync(folder.at(version));
      writeFileSync(folder.at(`${version}/models.json`), version);
    }
    symlinkSync('..1', folder.at('..data'));
    symlinkSync('..data/models.json', folder.at('models.json'));
    await using watch = await watching(folder.at('models.json'));
    await watch.after(() => {
      symlinkSync('..2', folder.at('..data_tmp'));
      renameSync(folder.at('..data_tmp'), folder.at('..data'));
    });
    await watch.after(() => writeFileSync(folder.at('..2/models.json'), 'new'));
  });

  test('is seen through a release’s folder that is a link, and links to links', async () => {
    using folder = temporaryFolder();
    for (const release of ['1', '2']) {
      mkdirSync(folder.at(`releases/${release}`), { recursive: true });
      writeFileSync(folder.at(`releases/${release}/models.json`), release);
    }
    symlinkSync(folder.at('releases/1'), folder.at('current'));
    symlinkSync('current', folder.at('alias'));
    await using watch = await watching(folder.at('alias/models.json'));
    await watch.after(() => {
      symlinkSync(folder.at('releases/2'), folder.at('next'));
      renameSync(folder.at('next'), folder.at('current'));
    });
    await watch.after(() => writeFileSync(folder.at('releases/2/models.json'), 'new'));
  });

  test('that is a link to itself does no harm', async () => {
    using folder = temporaryFolder();
    symlinkSync('loop', folder.at('loop'));
    await using watch = await watching(folder.at('loop/models.json'));
    await watch.after(() => {
      unlinkSync(folder.at('loop'));
      mkdirSync(folder.at('loop'));
    });
    await watch.after(() => writeFileSync(folder.at('loop/models.json'), '1'));
  });
});

test('a watched folder tells of every file in it, not of its neighbours', async () => {
  using folder = temporaryFolder();
  mkdirSync(folder.at('prompts'));
  let calls = 0;
  const first = Promise.withResolvers<void>();
  const watch = watchPaths([folder.at('prompts')], {
    clock: systemClock,
    quiet: 5,
    async onChange() {
      calls += 1;
      first.resolve();
    },
    onError: (error) => first.reject(error),
  });
  await watch.ready;
  writeFileSync(folder.at('neighbour'), '1');
  writeFileSync(folder.at('prompts/layout.ai'), '1');
  await first.promise;
  await watch.close();
  expect(calls).toBe(1);
});
