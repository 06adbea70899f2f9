import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Files, systemFiles } from '../../src/pages/files.ts';
import { PageStore } from '../../src/pages/page-store.ts';
import { ManualClock } from './support/clock.ts';
import { temporaryFolder } from './support/folder.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder[Symbol.dispose]());

/** A store whose clock is so far on that every file has settled, or not at all. */
function open({ settled = true } = {}) {
  let reads = 0;
  const files: Files = {
    mark: (path) => systemFiles.mark(path),
    read(path, limit) {
      reads += 1;
      return systemFiles.read(path, limit);
    },
  };
  const clock = new ManualClock(Date.now() + (settled ? 10_000 : 0));
  const store = new PageStore(files, clock);
  const file = folder.at('page.ai');
  return {
    file,
    reads: () => reads,
    write: (text: string) => writeFileSync(file, text),
    template: async () => (await store.read(file)).page.template,
  };
}

describe('a page', () => {
  test('is read and parsed once while its file stays as it is', async () => {
    const { write, template, reads } = open();
    write('one');
    expect([await template(), await template(), await template()]).toEqual(['one', 'one', 'one']);
    expect(reads()).toBe(1);
  });

  test('that changed just now is read again: its next change may look the same', async () => {
    const { write, template, reads } = open({ settled: false });
    write('one');
    await template();
    write('two');
    expect(await template()).toBe('two');
    expect(reads()).toBe(2);
  });

  test('is read again after an edit, a rename over it, and a change of its permissions', async () => {
    const { file, write, template, reads } = open();
    write('first');
    await template();
    write('second');
    expect(await template()).toBe('second');
    writeFileSync(`${file}~`, 'thirds');
    renameSync(`${file}~`, file);
    expect(await template()).toBe('thirds');
    chmodSync(file, 0o600);
    expect(await template()).toBe('thirds');
    expect(reads()).toBe(4);
  });

  test('that is gone is gone', async () => {
    const { file, write, template } = open();
    write('one');
    await template();
    rmSync(file);
    await expect(template()).rejects.toMatchObject({ code: 'page-missing' });
  });

  test('with a mistake is told at every read, and mended at once', async () => {
    const { write, template } = open();
    write('{{ nobody }}');
    await expect(template()).rejects.toMatchObject({ code: 'page-template' });
    await expect(template()).rejects.toMatchObject({ code: 'page-template' });
    write('{{ path }}');
    expect(await template()).toBe('{{ path }}');
  });
});
