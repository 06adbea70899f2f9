import { chmodSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FileMark, type Files, systemFiles } from '../../src/files.ts';
import { PageStore } from '../../src/pages/page-store.ts';
import { waitUntil } from '../harness/wait-until.ts';
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
  let looks = 0;
  const files: Files = {
    mark(path) {
      looks += 1;
      return systemFiles.mark(path);
    },
    read(path, limit) {
      reads += 1;
      return systemFiles.read(path, limit);
    },
  };
  const clock = new ManualClock(Date.now() + (settled ? 10_000 : 0));
  const store = new PageStore({ files, clock });
  const file = folder.at('page.ai');
  return {
    file,
    reads: () => reads,
    looks: () => looks,
    write: (text: string) => writeFileSync(file, text),
    template: async (seen?: FileMark) => (await store.read(file, undefined, seen)).page.template,
  };
}

describe('a page', () => {
  test('is read and parsed once while its file stays as it is', async () => {
    const { write, template, reads } = open();
    write('one');
    expect([await template(), await template(), await template()]).toEqual(['one', 'one', 'one']);
    expect(reads()).toBe(1);
  });

  test('is not looked at for whom has just seen that it is the same', async () => {
    const { file, write, template, looks, reads } = open();
    write('one');
    expect(await template()).toBe('one');
    const before = looks();
    expect(await template(seenByHttpd(file))).toBe('one');
    expect([looks(), reads()]).toEqual([before, 1]);
    write('more');
    expect(await template(seenByHttpd(file))).toBe('more');
    expect(reads()).toBe(2);
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
    await changePermissions(file);
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

describe('what a page includes', () => {
  const values = { query: [], form: [], path: '/', lang: '', model: 'm', env: new Map() };

  function including() {
    const told: string[][] = [];
    let reads = 0;
    const store = new PageStore({
      files: {
        mark: systemFiles.mark,
        read(path, limit) {
          reads += 1;
          return systemFiles.read(path, limit);
        },
      },
      clock: new ManualClock(Date.now() + 10_000),
      onIncludes: (marks) => told.push([...marks.keys()]),
    });
    mkdirSync(folder.at('prompts'));
    mkdirSync(folder.at('site'));
    writeFileSync(folder.at('site/page.ai'), 'A {% include "tone" %} page');
    const render = async (prompts?: string) =>
      (await store.read(folder.at('site/page.ai'), prompts)).template.render(values);
    return { told, render, reads: () => reads };
  }

  test('is read anew when it changes, comes or goes, and only then', async () => {
    const { told, render, reads } = including();
    const prompts = folder.at('prompts');
    writeFileSync(folder.at('prompts/tone.ai'), 'warm');
    expect([await render(prompts), await render(prompts)]).toEqual(['A warm page', 'A warm page']);
    expect([reads(), told.length]).toEqual([1, 1]);
    expect(told[0]).toEqual([
      folder.at('site/tone.ai'),
      folder.at('site/tone.txt'),
      folder.at('prompts/tone.ai'),
    ]);
    writeFileSync(folder.at('prompts/tone.ai'), 'cooler');
    expect(await render(prompts)).toBe('A cooler page');
    writeFileSync(folder.at('site/tone.txt'), 'near');
    expect(await render(prompts)).toBe('A near page');
    rmSync(folder.at('site/tone.txt'));
    expect(await render(prompts)).toBe('A cooler page');
    rmSync(folder.at('prompts/tone.ai'));
    await expect(render(prompts)).rejects.toMatchObject({ code: 'page-include' });
    writeFileSync(folder.at('prompts/tone.ai'), 'again');
    expect(await render(prompts)).toBe('A again page');
  });

  test('is another where the prompts are others', async () => {
    const { render } = including();
    mkdirSync(folder.at('others'));
    writeFileSync(folder.at('prompts/tone.ai'), 'warm');
    writeFileSync(folder.at('others/tone.ai'), 'cold');
    expect(await render(folder.at('prompts'))).toBe('A warm page');
    expect(await render(folder.at('others'))).toBe('A cold page');
    await expect(render()).rejects.toMatchObject({ code: 'page-include' });
  });

  test('that is not there is watched for', async () => {
    const { told, render } = including();
    await expect(render()).rejects.toMatchObject({ code: 'page-include' });
    expect(told).toEqual([[folder.at('site/tone.ai'), folder.at('site/tone.txt')]]);
  });
});

/** The clock of many file systems ticks now and then: within a tick nothing tells of the change. */
async function changePermissions(file: string): Promise<void> {
  const before = statSync(file).ctimeMs;
  await waitUntil('the clock of the file system to go on', () => {
    chmodSync(file, 0o600);
    return statSync(file).ctimeMs !== before;
  });
}

/** What httpd says of a file: times in whole microseconds. */
function seenByHttpd(file: string): FileMark {
  const { ctimeNs, size, ino } = statSync(file, { bigint: true });
  return { changedMs: Number(ctimeNs / 1_000n) / 1_000, size: Number(size), inode: Number(ino) };
}
