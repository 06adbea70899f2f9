import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemFiles } from '../../src/files.ts';
import { PromptMemory } from '../../src/pages/prompt-memory.ts';
import { promptPaths } from '../../src/pages/prompts.ts';
import { fileStates } from '../../src/pages/watch-files.ts';
import { Region } from '../../src/region.ts';

function start() {
  const region = Region.create({ storeBytes: 1 << 20, shards: 1 });
  const folder = mkdtempSync(join(tmpdir(), 'muse-prompts-'));
  writeFileSync(join(folder, 'layout.ai'), 'Two columns.');
  onTestFinished(() => {
    region.detach();
    rmSync(folder, { recursive: true });
  });
  const states = () => fileStates(promptPaths(folder), systemFiles);
  return { region, folder, states, memory: new PromptMemory(region, systemFiles) };
}

test('a new region remembers nothing, so nothing from before is trusted', async () => {
  const { memory } = start();
  expect(await memory.holds()).toBe(false);
});

test('prompts that stayed as they were hold for the next engine', async () => {
  const { memory, states, region } = start();
  memory.clear();
  memory.note(await states());
  expect(await new PromptMemory(region, systemFiles).holds()).toBe(true);
});

test.each([
  ['changed', (folder: string) => writeFileSync(join(folder, 'layout.ai'), 'One column only.')],
  ['removed', (folder: string) => rmSync(join(folder, 'layout.ai'))],
  ['added', (folder: string) => writeFileSync(join(folder, 'system_prompt.txt'), 'Be brief.')],
])('a prompt that was %s meanwhile is noticed', async (_how, change) => {
  const { memory, folder, states } = start();
  memory.clear();
  memory.note(await states());
  change(folder);
  expect(await memory.holds()).toBe(false);
});

test('after clearing, an empty memory holds', async () => {
  const { memory } = start();
  memory.clear();
  expect(await memory.holds()).toBe(true);
});

test('what was purged is not begun anew with a part of it', async () => {
  const { memory, folder, states, region } = start();
  memory.clear();
  memory.note(await states());
  region.clear();
  memory.note(new Map([['/prompts/other.ai', 'absent']]));
  writeFileSync(join(folder, 'layout.ai'), 'One column only.');
  expect(await memory.holds()).toBe(false);
});

test('a damaged record counts as nothing remembered', async () => {
  const { memory, states, region } = start();
  memory.clear();
  memory.note(await states());
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
    remove: region.remove.bind(region),
    nowMs: region.nowMs.bind(region),
  };
  expect(await new PromptMemory(damaged, systemFiles).holds()).toBe(false);
});

test('what can’t be remembered leaves nothing to be trusted', async () => {
  const { memory, states } = start();
  memory.clear();
  memory.note(await states());
  const many = Array.from({ length: 20_000 }, (_, i) => [`/prompts/${i}.ai`, 'absent'] as const);
  memory.note(new Map(many));
  expect(await memory.holds()).toBe(false);
});
