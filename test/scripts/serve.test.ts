import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findInstallation } from '../../scripts/httpd/installation.ts';
import { canRead, makePublicFolder } from '../../scripts/httpd/public-folder.ts';
import { demoConfig } from '../../scripts/serve/demo-config.ts';
import { renderIndex } from '../../scripts/serve/index-page.ts';
import { chooseListening } from '../../scripts/serve/listening.ts';
import { LogView } from '../../scripts/serve/log-view.ts';
import { discoverModels, readModels } from '../../scripts/serve/models.ts';
import { RunFolder } from '../../scripts/serve/run-folder.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

const nobody = async () => undefined;

test('without keys and without Ollama the demo has the preview models only', async () => {
  const { models, passEnv } = await discoverModels({}, nobody);
  expect(models.default_model).toBe('preview');
  expect(models.models.every(({ provider }) => provider === 'preview')).toBe(true);
  expect(passEnv).toEqual([]);
});

test("a key in the environment adds OpenAI's model without writing the key down", async () => {
  const { models, passEnv } = await discoverModels({ OPENAI_API_KEY: 'sk-secret' }, nobody);
  expect(JSON.stringify(models)).not.toContain('sk-secret');
  expect(models.models.at(-1)).toMatchObject({
    name: 'openai',
    api_key: expect.stringMatching(/^\$\{OPENAI_API_KEY\}$/),
  });
  expect(models.default_model).toBe('preview');
  expect(passEnv).toEqual(['OPENAI_API_KEY']);
});

test("Ollama's models are there when it answers, and can be made the default", async () => {
  const answer = { models: [{ name: 'llama3.2:latest' }, { size: 1 }] };
  const env = { MUSE_DEMO_MODEL: 'llama3.2:latest' };
  const { models } = await discoverModels(env, async () => answer);
  expect(models.default_model).toBe('llama3.2:latest');
  expect(models.models.at(-1)).toEqual({
    name: 'llama3.2:latest',
    endpoint: 'http://127.0.0.1:11434/v1',
    model: 'llama3.2:latest',
  });
});

test('a default model that does not exist is said and not taken', async () => {
  const { models, notes } = await discoverModels({ MUSE_DEMO_MODEL: 'gpt-0' }, nobody);
  expect(models.default_model).toBe('preview');
  expect(notes.join('\n')).toContain('gpt-0');
});

test('the front page names the models, escaped, and says which one is in use', () => {
  const models = readModels('{"default_model": "b", "models": [{"name": "<a>"}, {"name": "b"}]}');
  const page = renderIndex('<!-- model -->|<!-- models -->|<!-- url -->', models, 'http://x/');
  expect(page).toMatch(/^b\|/);
  expect(page).toContain('<a href="/hello?model=%3Ca%3E">&lt;a&gt;</a>');
  expect(page).toContain('class="default"');
  expect(page).toMatch(/\|http:\/\/x\/$/);
});

test('a models.json that is broken for now lists no models', () => {
  expect(readModels('{"models": [')).toEqual({ default_model: '', models: [] });
});

test('an edited models.json survives the next start, an untouched one is made anew', () => {
  const installation = findInstallation();
  const root = makePublicFolder('muse-script-', installation.runAs);
  onTestFinished(() => rmSync(root, { recursive: true }));
  const folder = RunFolder.open(installation, join(root, '.run'));
  expect(folder.writeUnlessEdited('conf/models.json', 'one')).toBe('written');
  expect(folder.writeUnlessEdited('conf/models.json', 'two')).toBe('written');
  const path = folder.path('conf', 'models.json');
  expect(readFileSync(path, 'utf8')).toBe('two');
  expect(statSync(path).mode & 0o777).toBe(0o644);
  writeFileSync(path, 'edited');
  expect(folder.writeUnlessEdited('conf/models.json', 'three')).toBe('kept');
  expect(readFileSync(path, 'utf8')).toBe('edited');
});

test.runIf(process.getuid?.() === 0)(
  'where the server can not read, it reads copies that follow the originals',
  async () => {
    const closed = makeTemporaryFolder();
    const installation = { ...findInstallation(), checkout: closed };
    const page = join(closed, 'demo', 'htdocs', 'page.ai');
    mkdirSync(join(closed, 'demo', 'htdocs'), { recursive: true });
    writeFileSync(page, 'one');
    const folder = RunFolder.open(installation, join(closed, '.run'));
    onTestFinished(() => folder.close());
    expect(folder.isMirrored).toBe(true);
    const copy = join(folder.served.demo, 'htdocs', 'page.ai');
    expect(canRead([copy], installation.runAs)).toBe(true);
    expect(canRead([page], installation.runAs)).toBe(false);
    writeFileSync(page, 'two!');
    await waitUntil('the copy to follow', () => readFileSync(copy, 'utf8') === 'two!');
    folder.write('conf/models.json', '{}');
    expect(readFileSync(join(folder.served.run, 'conf', 'models.json'), 'utf8')).toBe('{}');
    // The engine's socket is among what the server's user has to reach.
    const config = demoConfig({ installation, folder, addresses: [], passEnv: [] });
    expect(config.match(/^DefaultRuntimeDir .*$/gm)?.at(-1)).toBe(
      `DefaultRuntimeDir "${folder.served.run}"`,
    );
    rmSync(page);
    await waitUntil('the copy to go', () => !existsSync(copy));
    folder.close();
    expect(existsSync(folder.served.run)).toBe(false);
  },
);

test('a port that is taken is said with what to do', async () => {
  const other = createServer();
  const port = await new Promise<number>((resolve) => {
    other.listen(0, '127.0.0.1', () => {
      const address = other.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  onTestFinished(() => void other.close());
  await expect(chooseListening('localhost', port)).rejects.toThrow(
    new RegExp(`Port ${port} is in use by another program.*PORT=\\d+ npm start`),
  );
});

test('port 0 gives a free port, the same on each loopback address', async () => {
  const { addresses, url } = await chooseListening('localhost', 0);
  const ports = addresses.map((address) => address.split(':').at(-1));
  expect(new Set(ports).size).toBe(1);
  expect(url).toBe(`http://localhost:${ports[0]}/`);
  expect(Number(ports[0])).toBeGreaterThan(0);
});

test('the terminal shows requests, our own notices and all warnings, and nothing else', () => {
  const folder = makeTemporaryFolder();
  const [errors, requests] = [join(folder, 'error.log'), join(folder, 'access.log')];
  const shown: string[] = [];
  const view = new LogView(errors, requests, (text) => shown.push(text));
  const line = (level: string, text: string) =>
    `[Fri Nov 21 10:00:00.000000 2025] [muse_ai:${level}] [pid 7:tid 7] ${text}\n`;
  writeFileSync(requests, 'GET /hello 200 12 ms -\n');
  writeFileSync(
    errors,
    [
      line('notice', 'AH00489: resuming normal operations'),
      line('notice', 'MUSE0201: the models were read anew'),
      line('info', 'MUSE0202: details'),
      line('warn', 'AH01234: something else'),
      line('error', '[client 127.0.0.1:5] MUSE0203: the endpoint refused the key'),
    ].join(''),
  );
  view.show();
  expect(shown).toEqual([
    'GET /hello 200 12 ms -',
    'notice: MUSE0201: the models were read anew',
    'warn: AH01234: something else',
    'error: MUSE0203: the endpoint refused the key',
  ]);
});
