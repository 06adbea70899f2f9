import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readModelsFile } from '../../src/models/read.ts';
import { temporaryFolder } from './support/folder.ts';

test('models.json is read as UTF-8, with a byte order mark or without', async () => {
  using folder = temporaryFolder();
  const path = folder.at('models.json');
  for (const mark of ['', '\ufeff']) {
    writeFileSync(path, `${mark}{"ä": 1}`);
    expect(await readModelsFile(path)).toBe('{"ä": 1}');
  }
  writeFileSync(path, Buffer.from([0x7b, 0xe4, 0x7d]));
  await expect(readModelsFile(path)).rejects.toThrow('is not UTF-8; save it as UTF-8');
});

test('what is no file, or has no end, is refused at once', async () => {
  using folder = temporaryFolder();
  execFileSync('mkfifo', [folder.at('pipe')]);
  for (const path of [folder.at('pipe'), folder.path, '/dev/zero']) {
    await expect(readModelsFile(path)).rejects.toMatchObject({ code: 'EISDIR' });
  }
  writeFileSync(folder.at('large'), Buffer.alloc(5 * 1_048_576, ' '));
  await expect(readModelsFile(folder.at('large'))).rejects.toThrow('has over 4 MiB');
});
