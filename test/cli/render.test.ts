import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { enablePages, test, waitUntil } from '../harness/index.ts';
import { folderWith, muse, museJson } from './muse.ts';

const writer = {
  name: 'writer',
  endpoint: 'https://api.example',
  api_key: `\${A_KEY}`,
  model: 'm1',
};
const siteWith = (model: object, page: string) =>
  folderWith({ 'models.json': JSON.stringify({ models: [model] }), 'page.ai': page });

test('what it shows is what a visit sends', async ({ httpd, provider }) => {
  const prompts = httpd.conf.path('prompts');
  httpd.conf.write('prompts/system_prompt.ai', 'Write in the style of a field guide.');
  httpd.conf.write('prompts/layout.ai', 'Use two columns.');
  enablePages(
    httpd,
    provider,
    `MuseAiPromptsDir ${prompts}`,
    'MuseAiEnv GARDEN',
    'SetEnv GARDEN Kew',
  );
  httpd.config.modules('env');
  const file = httpd.site.write(
    'page.ai',
    '---\nlang: de\ntitle: Trees\n---\n{{ env.GARDEN }}: {{ query.tree }}, {{ path }}, {{ model }}',
  );
  httpd.config.lines('LogFormat "%{muse-key}n" key', 'CustomLog logs/keys.log key');
  await httpd.start();
  await httpd.get('/page?tree=%3Coak%3E');
  const keys = httpd.environment.path('logs', 'keys.log');
  const key = await waitUntil('the access log', () => readFileSync(keys, 'utf8').trim());
  const { status, json } = await museJson([
    ...['render', file, '-q', 'tree=<oak>', '--env', 'GARDEN=Kew', '--prompts', prompts],
    ...['--models', httpd.conf.path('models.json')],
  ]);
  expect(status).toBe(0);
  expect(json.messages).toEqual((await provider.request(0)).messages);
  expect(json).toMatchObject({
    file,
    model: { name: 'scripted', provider: 'openai', upstream: 'scripted', url: provider.url },
    key,
    contentType: 'text/html; charset=utf-8',
    lang: 'de',
    title: 'Trees',
    ttl: 300,
    promptsDir: prompts,
    tokens: { input: expect.any(Number), outputMost: 16384 },
  });
  expect(provider.received).toBe(1);
});

test('the language and its key are those of a visit in it', async ({ httpd, provider }) => {
  enablePages(httpd, provider, 'MuseAiLanguages en pt-BR');
  const file = httpd.site.write('page.ai', 'In {{ lang }}.');
  httpd.config.lines('LogFormat "%{muse-key}n" key', 'CustomLog logs/keys.log key');
  await httpd.start();
  await httpd.get('/pt/page');
  const keys = httpd.environment.path('logs', 'keys.log');
  const key = await waitUntil('the access log', () => readFileSync(keys, 'utf8').trim());
  const site = ['--models', httpd.conf.path('models.json')];
  const { json } = await museJson([
    ...['render', file, '--lang', 'PT-br', '--languages', 'en,pt-BR'],
    ...site,
  ]);
  expect(json).toMatchObject({ lang: 'pt-BR', key });
  expect(json.messages[1].content).toBe('In pt-BR.');
  expect(json.messages[0].content).toContain('in Brazilian Portuguese');
  const wrong = await muse(['render', file, '--lang', 'pt_BR', ...site]);
  expect([wrong.status, wrong.err]).toEqual([2, expect.stringContaining('"pt_BR" is not the tag')]);
});

test('a form and an included file are rendered as for a POST', async () => {
  const cwd = folderWith({
    'models.json': JSON.stringify({ models: [writer] }),
    'page.ai': "{% include 'own' %} {% include 'shared' %} {{ form.name }}",
    'own.ai': 'Write a letter.',
    'prompts/shared.txt': 'Write plainly.',
    'prompts/layout.txt': 'In one column.',
  });
  const args = ['render', 'page.ai', '--form', 'name=Ada & Bo', '--prompts', 'prompts'];
  const { status, err, json } = await museJson(args, { cwd });
  expect([status, err]).toEqual([0, '']);
  expect(json.messages[1].content).toBe(
    'Write a letter. Write plainly. ' + '<visitor-input name="name">Ada &amp; Bo</visitor-input>',
  );
});

test('the key is another one for another prompt, and the same for the same', async () => {
  const cwd = siteWith(writer, 'Write about {{ query.topic }}.');
  const keyFor = async (...args: readonly string[]) =>
    (await museJson(['render', 'page.ai', ...args], { cwd })).json.key;
  const bees = await keyFor('-q', 'topic=bees');
  expect(await keyFor('-q', 'topic=bees', '-q', 'unused=1')).toBe(bees);
  expect(await keyFor('-q', 'topic=ants')).not.toBe(bees);
});

describe('the cost', () => {
  test('is by the model’s price, for the estimate and for the longest answer', async () => {
    const price = { input: 2, output: 10 };
    const cwd = siteWith({ ...writer, stream_usage: true, price, max_tokens: 1000 }, 'Write.');
    const { json } = await museJson(['render', 'page.ai'], { cwd });
    expect(json.cost).toEqual({
      input: (json.tokens.input * 2) / 1_000_000,
      outputMost: (1000 * 10) / 1_000_000,
    });
    const { out } = await muse(['render', 'page.ai'], { cwd });
    expect(out).toMatch(
      /^cost +about 0\.000\d+ for the prompt, and at most 0\.010000 for the answer$/m,
    );
  });

  test('is unknown without one', async () => {
    const cwd = siteWith(writer, 'Write.');
    expect((await museJson(['render', 'page.ai'], { cwd })).json).not.toHaveProperty('cost');
    expect((await muse(['render', 'page.ai'], { cwd })).out).toContain('no "price"');
  });
});

test('people see the settings, then the messages', async () => {
  const cwd = siteWith(writer, '---\ntemperature: 0.5\n---\nWrite about the sea.');
  const { status, out, err } = await muse(['render', 'page.ai'], { cwd });
  expect([status, err]).toEqual([0, '']);
  expect(out).toMatch(/^model +writer \(m1 at https:\/\/api\.example\/v1\)$/m);
  expect(out).toMatch(/^temperature +0\.5$/m);
  expect(out).toMatch(/── system ──\nYou write web pages/);
  expect(out).toMatch(/── user ──\nWrite about the sea\.\n$/);
});

test('a key is neither needed nor shown', async () => {
  const cwd = siteWith(writer, 'Write.');
  const without = await muse(['render', 'page.ai'], { cwd });
  const key = 'sk-0123456789abcdef';
  const withKey = await muse(['render', 'page.ai'], { cwd, env: { A_KEY: key } });
  expect([without.status, withKey.status]).toEqual([0, 0]);
  expect(withKey.out).toBe(without.out);
  expect(withKey.out + withKey.err).not.toContain(key);
});

test('without a models.json the command line names model and endpoint', async () => {
  const cwd = folderWith({ 'page.ai': 'Write.' });
  const args = ['render', 'page.ai', '-m', 'some-model', '--endpoint', 'http://127.0.0.1:1'];
  const { json } = await museJson(args, { cwd });
  expect(json.model).toMatchObject({ name: 'some-model', url: 'http://127.0.0.1:1/v1' });
  const none = await muse(['render', 'page.ai'], { cwd });
  expect([none.status, none.err]).toEqual([1, expect.stringContaining('there is no model')]);
});

describe('what is wrong is told', () => {
  test('in the page', async () => {
    const cwd = siteWith(writer, 'One\n{{ nobody }}');
    const { status, out, err } = await muse(['render', 'page.ai'], { cwd });
    expect([status, out]).toEqual([1, '']);
    expect(err).toContain(`error: ${cwd}/page.ai:2: there is no "nobody"`);
  });

  test('in models.json', async () => {
    const cwd = folderWith({ 'models.json': '{"models": []}', 'page.ai': 'Write.' });
    const { status, err } = await muse(['render', 'page.ai'], { cwd });
    expect(status).toBe(1);
    expect(err).toContain('models.json:1:');
    expect(err).toContain('"muse check" lists what is wrong');
  });
});
