import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemFiles } from '../../src/pages/files.ts';
import { PromptMemory } from '../../src/pages/prompt-memory.ts';
import { Region } from '../../src/region.ts';

function start() {
  const region = Region.create({ storeBytes: 1 << 20, shards: 1 });
  const folder = mkdtempSync(join(tmpdir(), 'muse-prompts-'));
  writeFileSync(join(folder, 'layout.ai'), 'Two columns.');
  onTestFinished(() => {
    region.detach();
    rmSync(folder, { recursive: true });
  });
  return { region, folder, memory: new PromptMemory(region, systemFiles) };
}

test('a new region remembers nothing, so nothing from before is trusted', async () => {
  const { memory } = start();
  expect(await memory.holds()).toBe(false);
});

test('prompts that stayed as they were hold for the next engine', async () => {
  const { memory, folder, region } = start();
  await memory.note(folder);
  expect(await new PromptMemory(region, systemFiles).holds()).toBe(true);
});

test.each([
  ['changed', (folder: string) => writeFileSync(join(folder, 'layout.ai'), 'One column only.')],
  ['removed', (folder: string) => rmSync(join(folder, 'layout.ai'))],
  ['added', (folder: string) => writeFileSync(join(folder, 'system_prompt.txt'), 'Be brief.')],
])('a prompt that was %s meanwhile is noticed', async (_how, change) => {
  const { memory, folder } = start();
  await memory.note(folder);
  change(folder);
  expect(await memory.holds()).toBe(false);
});

test('after clearing, an empty memory holds', async () => {
  const { memory } = start();
  memory.clear();
  expect(await memory.holds()).toBe(true);
});

test('a damaged record counts as nothing remembered', async () => {
  const { memory, folder, region } = start();
  await memory.note(folder);
  const damaged = {
    get: () => ({
      storedAt: 0,
      freshUntil: 1,
      staleUntil: 1,
      alias: false,
      head: Buffer.alloc(0),
      body: Buffer.from('[["/prom'),
    }),
    put: region.put.bind(region),
    nowMs: region.nowMs.bind(region),
  };
  expect(await new PromptMemory(damaged, systemFiles).holds()).toBe(false);
});
