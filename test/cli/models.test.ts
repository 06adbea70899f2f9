import { expect } from 'vitest';
import { modelsAt, test } from '../harness/index.ts';
import { startProvider } from '../provider/index.ts';
import { folderWith, muse, museJson } from './muse.ts';

const key = 'sk-0123456789abcdef';

test('each endpoint of each model is asked, with its key', async ({ provider }) => {
  await using strict = await startProvider({ apiKey: key });
  const models = [
    ...modelsAt(provider, 'open').models,
    ...modelsAt(
      strict,
      { name: 'closed', api_key: `\${A_KEY}` },
      { name: 'wrong', api_key: 'sk-wrong' },
    ).models,
    { name: 'two', endpoints: [{ url: provider.url }, { url: 'http://127.0.0.1:1' }] },
    { name: 'unset', endpoint: provider.url, api_key: `\${NOT_SET}` },
    { name: 'shown', provider: 'preview' },
  ];
  const cwd = folderWith({ 'models.json': JSON.stringify({ models }) });
  const env = { A_KEY: key };
  const { status, err, json } = await museJson(['models'], { cwd, env });
  expect(status).toBe(1);
  const times = { firstMs: expect.any(Number), wholeMs: expect.any(Number) };
  const failed = (code: string) => ({ ok: false, error: { code, message: expect.any(String) } });
  expect(json.models).toMatchObject([
    { model: 'open', upstream: 'open', url: provider.url, ok: true, ...times },
    { model: 'closed', url: strict.url, ok: true, ...times },
    { model: 'wrong', url: strict.url, ...failed('provider-refused-key') },
    { model: 'two', url: provider.url, ok: true, ...times },
    { model: 'two', url: 'http://127.0.0.1:1/v1', ...failed('provider-unreachable') },
    { model: 'unset', ...failed('model-unavailable') },
    { model: 'shown', ok: true },
  ]);
  expect(JSON.stringify(json) + err).not.toMatch(/sk-/);
  expect(provider.requests.every((request) => request.field('max_tokens') === 16)).toBe(true);
  const people = await muse(['models'], { cwd, env });
  expect(people.out).toMatch(/^open +http\S+ +answers +first \d+ ms, all \d+ ms$/m);
  expect(people.out).toMatch(/^wrong +http\S+ +fails +model "wrong" at .+refused the key/m);
  expect(people.out + people.err).not.toMatch(/sk-/);
});

test('models can be named, and if all answer the status is 0', async ({ provider }) => {
  const models = modelsAt(provider, 'a', 'b');
  const cwd = folderWith({ 'models.json': JSON.stringify(models) });
  const { status, json } = await museJson(['models', 'b'], { cwd });
  expect([status, json.models.length, json.models[0].model]).toEqual([0, 1, 'b']);
  const unknown = await muse(['models', 'c'], { cwd });
  expect([unknown.status, unknown.err]).toEqual([
    1,
    'error: There is no model "c"; there are: a, b.\n',
  ]);
});

test('without models there is nothing to ask', async () => {
  const { status, err } = await muse(['models'], { cwd: folderWith({}) });
  expect([status, err]).toEqual([1, expect.stringContaining('--models')]);
});
