/** The tasks of the HOWTO for programs that speak OpenAI's protocol, done with its own snippets. */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import OpenAI from 'openai';
import { describe, expect } from 'vitest';
import { chatSchema } from '../../src/door/chat-schema.ts';
import { type Httpd, modelsAt, test } from '../harness/index.ts';
import { say } from '../provider/index.ts';
import { moved, snippet } from './as-documented.ts';
import { Document, tableRows } from './document.ts';

const offering = 'Offer the models to programs (OpenAI’s API)'.replace('’', "'");
const keys = 'Give out client keys';
const prompts = 'Take prompts from visitors';

/** Gives httpd a documented location. */
function locate(httpd: Httpd, title: string, index = 0): void {
  httpd.config.lines(
    ...moved(httpd, snippet(title, 'apache', index))
      .trimEnd()
      .split('\n'),
  );
}

/** Runs a documented shell snippet, its address and paths replaced by those of the test. */
function run(httpd: Httpd, text: string): string[] {
  const script = moved(httpd, text)
    .replaceAll('http://localhost', httpd.url)
    .replaceAll('sudo ', '')
    .replaceAll('curl ', 'curl -sS --noproxy "*" ');
  const { stdout, stderr, status } = spawnSync('bash', ['-e', '-c', script], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split(/\n|(?<=\})(?=\{)/);
}

describe('the door', () => {
  test('answers what curl is told', async ({ httpd, provider }) => {
    httpd.config.muse({ models: modelsAt(provider, 'writer') });
    locate(httpd, offering);
    provider.script('writer', say('A bird.'));
    await httpd.start();
    const shell = snippet(offering, 'sh').replace('\ncurl', '\necho; curl');
    const script = moved(httpd, shell).replaceAll('http://localhost', httpd.url);
    // Not spawnSync: the provider plays in this process.
    const { execFile } = await import('node:child_process');
    const said = await new Promise<string>((resolve, reject) => {
      execFile('bash', ['-e', '-c', script], (error, stdout) =>
        error ? reject(error) : resolve(stdout),
      );
    });
    const [list = '', completion = ''] = said.split('\n');
    expect(JSON.parse(list).data).toMatchObject([{ id: 'writer' }]);
    expect(JSON.parse(completion).choices[0].message.content).toBe('A bird.');
  });

  test('takes the fields that are documented, and no other', () => {
    const section = new Document('HOWTO.md').section(offering);
    const rows = tableRows(section.text).map(([fields = '']) => fields);
    const named = rows.flatMap((fields) => [...fields.matchAll(/`"?(\w+)(?:": [^`]+)?`/g)]);
    const documented = new Set(named.map(([, name]) => name));
    const taken = [...Object.keys(chatSchema.shape)].filter((name) => name !== 'model');
    expect(taken.filter((name) => !documented.has(name) && name !== 'modalities')).toEqual([]);
  });
});

describe('a client key', () => {
  test('made as documented lets a program in', async ({ httpd, provider }) => {
    httpd.config.muse({ models: modelsAt(provider, 'writer') });
    locate(httpd, keys);
    const [, key = ''] = run(httpd, snippet(keys, 'sh'));
    expect(key).toMatch(/^muse-[0-9a-f]{64}$/);
    chmodSync(httpd.conf.path('keys'), 0o644);
    await httpd.start();
    const options = { baseURL: `${httpd.url}/llm/v1`, maxRetries: 0 };
    const list = await new OpenAI({ ...options, apiKey: key }).models.list();
    expect(list.data).toHaveLength(1);
    await expect(new OpenAI({ ...options, apiKey: 'x' }).models.list()).rejects.toThrow(/401/);
  });
});

describe('a visitor’s prompt', () => {
  test('is taken as documented', async ({ httpd }) => {
    httpd.config.muse({ models: { models: [{ name: 'writer', provider: 'preview' }] } });
    locate(httpd, prompts);
    await httpd.start();
    const said = run(httpd, snippet(prompts, 'sh')).join('\n');
    expect(said.match(/<pre>Write about herons\.<\/pre>/g)).toHaveLength(2);
  });
});
