import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findMarked } from '../harness/processes.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { say, startProvider } from '../provider/index.ts';
import { startDemo } from './start-demo.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

function models(folder: string): { $schema?: unknown } {
  return JSON.parse(readFileSync(join(folder, 'conf', 'models.json'), 'utf8'));
}

const html = '200 text/html';

/** What the front page leads to. */
const typesOfPages = {
  '/demo.css': '200 text/css',
  '/hello.ai': html,
  '/haiku': html,
  '/glossary': html,
  '/about': html,
  '/locks': html,
  '/garden/': html,
  '/topic': html,
  '/letter': html,
  '/ai?prompt=Write+about+herons.': html,
  '/world/tea': html,
  '/en/world/tea': html,
  '/es/world/tea': html,
  '/ar/world/tea': html,
  '/ja/world/tea': html,
  '/tides': html,
  '/recipe': '200 text/plain',
  '/planets': '200 application/json',
  '/guestbook': html,
  '/games/dice': html,
  '/closed/draft.ai': '403 text/html',
  '/cache.html': html,
  '/events.html': html,
  '/later.html': html,
  '/door.html': html,
  '/hello?model=preview': html,
  '/hello?model=preview-terse': html,
  '/behind': html,
  '/muse-status': html,
  '/muse-metrics': '200 text/plain',
  '/muse-metrics?format=json': '200 application/json',
  '/muse-health': '200 application/json',
};

/** Status and media type of everything on this site that `page` leads to. */
async function typesOfLinks(page: string, base: string): Promise<Record<string, string>> {
  const types: Record<string, string> = {};
  for (const [, path = ''] of page.matchAll(/href="(\/[^"]*)"/g)) {
    const response = await fetch(base + path);
    await response.arrayBuffer();
    const [type] = (response.headers.get('content-type') ?? '').split(';');
    types[path] = `${response.status} ${type}`;
  }
  return types;
}

test('the demo site serves its pages, follows models.json, and ends on Ctrl-C', async () => {
  const { child, folder, output, exited, url } = await startDemo();
  const base = await waitUntil(() => `the URL in:\n${output.text}`, url);
  const get = async (path: string) => {
    const response = await fetch(base + path);
    return { status: response.status, headers: response.headers, text: await response.text() };
  };

  const front = await get('/');
  expect(front.status).toBe(200);
  expect(front.text).toContain('<b>preview</b>');
  expect(front.headers.get('content-type')).toMatch(/^text\/html/);
  expect(await typesOfLinks(front.text, base)).toEqual(typesOfPages);
  expect((await get('/glossary.ai')).text).toMatch(/<\/html>\s*$/);
  expect((await get('/tides')).text).toContain('<h1>Preview</h1>');
  expect(JSON.parse((await get('/planets')).text)).toHaveProperty('messages');
  expect((await get('/topic?topic=suspension-bridges')).text).toContain('suspension-bridges');
  const letter = { method: 'POST', body: new URLSearchParams('name=Ann&wishes=a+quiet+week') };
  expect(await (await fetch(`${base}/letter`, letter)).text()).toContain('a quiet week');
  expect((await get('/locks')).text).toContain('Use plain words');
  expect((await get('/ar/world/tea')).text).toContain('<html lang="ar" dir="rtl">');
  expect((await get('/es/world/tea')).text).toContain('Cómo se bebe el mate');
  expect((await get('/hello')).headers.get('cache-status')).toContain('hit');
  expect((await get('/hello?model=preview-terse')).text).toContain('preview-terse');
  expect((await get('/closed/draft.ai')).text).not.toContain('Nobody can read it');
  expect((await get('/garden/')).text).toMatch(/spring:.*\n- summer:.*\n- autumn:.*\n- winter:/);
  expect((await get('/about')).text).toContain('the demo site of mod_muse_ai');
  expect((await get('/guestbook?entry=<b>Ann</b>')).text).toContain('name="entry"');
  expect((await get('/behind?x=1')).text).toContain('No model wrote this page');
  expect(models(folder)).toHaveProperty('$schema');
  expect(existsSync(new URL(String(models(folder).$schema)))).toBe(true);

  const file = join(folder, 'conf', 'models.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"preview-terse"', '"preview-brief"'));
  await waitUntil('the front page to follow', async () =>
    (await get('/')).text.includes('preview-brief'),
  );
  const errorLog = join(folder, 'logs', 'error.log');
  await waitUntil('the engine to follow', () =>
    readFileSync(errorLog, 'utf8').includes('preview-brief'),
  );
  expect((await get('/hello?model=preview-brief')).text).toContain('preview-brief');

  // Not later: httpd itself may find a connection closed while it ends.
  expect(output.text).not.toMatch(/^ *(warn|error|crit):/m);
  child.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
  expect(output.text).toContain('GET /topic?topic=suspension-bridges 200');
  expect(findMarked('MUSE_AI_TEST_ROOT', folder)).toEqual([]);
});

test('a key in the environment of npm start has pages written by that model', async () => {
  await using provider = await startProvider({ apiKey: 'sk-of-the-environment' });
  const { child, exited, output, url } = await startDemo({
    OPENAI_API_KEY: 'sk-of-the-environment',
    OPENAI_BASE_URL: provider.url,
    OPENAI_MODEL: 'writer-1',
    MUSE_DEMO_MODEL: 'openai',
  });
  const base = await waitUntil(() => `the URL in:\n${output.text}`, url);
  const page = await fetch(`${base}/hello`);
  expect(await page.text()).toContain('Written by writer-1');
  expect(provider.requests[0]?.messages.at(-1)?.content).toContain('`hello.ai`');
  child.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
  expect(output.text).not.toContain('sk-of-the-environment');
});

test('a script that a model writes is only in the pages that may have one', async () => {
  await using provider = await startProvider();
  const page = '<!doctype html><title>Page</title><h1 onclick="x()">Page</h1><script>y()</script>';
  provider.script('writer-1', say(page));
  const { child, exited, output, url } = await startDemo({
    OPENAI_API_KEY: 'any',
    OPENAI_BASE_URL: provider.url,
    OPENAI_MODEL: 'writer-1',
    MUSE_DEMO_MODEL: 'openai',
  });
  const base = await waitUntil(() => `the URL in:\n${output.text}`, url);
  const [book, dice] = await Promise.all(
    ['/guestbook', '/games/dice'].map(async (path) => (await fetch(base + path)).text()),
  );
  expect(book).toContain('<h1>Page</h1>');
  expect(book).not.toContain('<script');
  expect(dice).toContain('<h1>Page</h1>');
  expect(dice).toMatch(/<script[^>]*>y\(\)<\/script>/);
  expect(await (await fetch(`${base}/behind`)).text()).toContain('No model wrote this page');
  child.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
});

test.runIf(process.getuid?.() === 0)(
  'pages are served also where the server can not read, as below /root',
  async () => {
    const closed = makeTemporaryFolder();
    const { child, exited, output, url } = await startDemo({ MUSE_RUN_DIR: join(closed, '.run') });
    const base = await waitUntil(() => `the URL in:\n${output.text}`, url);
    expect(output.text).toContain("can't read this checkout");
    const page = await fetch(`${base}/glossary`);
    expect([page.status, (await page.text()).includes('glossary')]).toEqual([200, true]);
    expect(output.text).not.toMatch(/^ *(warn|error|crit):/m);
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
  },
);

test('a port that is taken ends the start with a word on what to do', async () => {
  const first = await startDemo();
  const base = await waitUntil(() => `the URL in:\n${first.output.text}`, first.url);
  const port = new URL(base).port;
  const second = await startDemo({ PORT: port });
  expect(await second.exited).toEqual([1, null]);
  expect(second.output.text).toContain(`Port ${port} is in use`);
  first.child.kill('SIGTERM');
  expect(await first.exited).toEqual([0, null]);
});

test('a PORT that is no port is said', async () => {
  const { exited, output } = await startDemo({ PORT: 'eighty' });
  expect(await exited).toEqual([1, null]);
  expect(output.text).toContain('PORT is "eighty"');
});
