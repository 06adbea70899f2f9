import { describe, expect, test } from 'vitest';
import { folderWith, inShell, muse } from './muse.ts';

/** What bash offers for the last of these words. */
async function offered(words: readonly string[], cwd?: string): Promise<string[]> {
  const list = words.map((word) => `'${word}'`).join(' ');
  const script = `source <(muse completion bash)
    COMP_WORDS=(${list}) COMP_CWORD=${words.length - 1}
    _muse && printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { out, err } = await inShell('bash', script, cwd === undefined ? {} : { cwd });
  expect(err).toBe('');
  return out
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

describe('bash completes', () => {
  test('commands', async () => {
    expect(await offered(['muse', 'st'])).toEqual(['status']);
    expect(await offered(['muse', 'w'])).toEqual(['warm']);
  });

  test('options of the command', async () => {
    expect(await offered(['muse', 'render', '--m'])).toEqual([
      '--max-input',
      '--max-tokens',
      '--minify',
      '--model',
      '--models',
    ]);
    expect(await offered(['muse', 'purge', '--'])).toEqual(['--all', '--help', '--json', '--url']);
  });

  test('files, where the command takes some', async () => {
    const folder = folderWith({ 'a page.ai': '', 'other.txt': '' });
    expect(await offered(['muse', 'try', 'a'], folder)).toEqual(['a page.ai']);
    expect(await offered(['muse', 'status', ''], folder)).toEqual([]);
  });

  test('shells', async () => {
    expect(await offered(['muse', 'completion', ''])).toEqual(['bash', 'zsh']);
  });
});

test('zsh gets every command with its options', async () => {
  const { status, out } = await muse(['completion', 'zsh']);
  expect(status).toBe(0);
  expect(out).toMatch(/^#compdef muse\n/);
  for (const word of ["'render:", "'purge:", "'*--query[", "'--concurrency[", '(bash zsh)']) {
    expect(out).toContain(word);
  }
  // What zsh reads as one word must be closed.
  for (const line of out.split('\n')) expect([line, line.split("'").length % 2]).toEqual([line, 1]);
});
