import { describe, expect } from 'vitest';
import { quote } from '../../scripts/httpd/base-config.ts';
import {
  enablePages,
  type Httpd,
  type RequestOptions,
  scriptedModel,
  test,
  waitUntil,
} from '../harness/index.ts';
import { type ScriptedProvider, say } from '../provider/index.ts';

/** Pages that show the prompt that they were written from. */
function telling(provider: ScriptedProvider, ...models: readonly string[]): void {
  for (const model of models.length > 0 ? models : [scriptedModel]) {
    provider.script(model, (request) => {
      const prompt = request.messages.at(-1)?.content ?? '';
      return say([
        `<!doctype html><html lang="en"><title>T</title><p>${model}: ${prompt}</p></html>`,
      ]);
    });
  }
}

/** Asks for each of the pages twice, and returns how many calls of the provider that took. */
async function calls(
  httpd: Httpd,
  provider: ScriptedProvider,
  asked: readonly (readonly [path: string, options: RequestOptions, holds: string])[],
): Promise<number> {
  const before = provider.received;
  for (const time of ['first', 'second']) {
    for (const [path, options, holds] of asked) {
      const result = await httpd.get(path, options);
      expect([path, time, result.text]).toEqual([path, time, expect.stringContaining(holds)]);
      if (time === 'second') expect(result.headers['cache-status']).toContain('muse; hit');
    }
  }
  return provider.received - before;
}

const header = (name: string, value: string): RequestOptions => ({ headers: { [name]: value } });

describe('pages differ by what their prompt uses', () => {
  test('the query', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    telling(provider);
    httpd.site.write('used.ai', 'Write about {{ query.topic }}.');
    httpd.site.write('unused.ai', 'Write about the sea.');
    await httpd.start();
    const used = await calls(httpd, provider, [
      ['/used?topic=whales', {}, 'whales'],
      ['/used?topic=waves', {}, 'waves'],
      ['/used', {}, 'about .'],
    ]);
    expect(used).toBe(3);
    const unused = await calls(httpd, provider, [
      ['/unused', {}, 'the sea'],
      ['/unused?x=1', {}, 'the sea'],
      ['/unused?x=2', {}, 'the sea'],
    ]);
    expect(unused).toBe(1);
  });

  test('the path', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    telling(provider);
    httpd.site.write('a.ai', 'Write about {{ path }}.');
    httpd.config.lines(`Alias /b ${quote(httpd.site.path('a.ai'))}`);
    await httpd.start();
    const taken = await calls(httpd, provider, [
      ['/a', {}, '/a'],
      ['/a.ai', {}, '/a.ai'],
      ['/b', {}, '/b'],
    ]);
    expect(taken).toBe(3);
  });

  test('the model', async ({ httpd, provider }) => {
    const models = ['one', 'two'].map((name) => ({ name, endpoint: provider.url }));
    httpd.config.muse({ models: { default_model: 'one', models } }).lines('MuseAiEnable On');
    telling(provider, 'one', 'two');
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    const taken = await calls(httpd, provider, [
      ['/page', {}, 'one:'],
      ['/page', header('X-Muse-Model', 'two'), 'two:'],
      ['/page', header('X-Muse-Model', 'one'), 'one:'],
    ]);
    // The default by its name is the same content as the default.
    expect(taken).toBe(2);
  });

  test('a declared variable, and no other', async ({ httpd, provider }) => {
    enablePages(httpd, provider, 'MuseAiEnv PLACE');
    telling(provider);
    httpd.config.lines(...['SetEnvIf X-Place (.+) PLACE=$1', 'SetEnvIf X-Secret (.+) SECRET=$1']);
    httpd.site.write('page.ai', 'Write about {{ env.PLACE }}{{ env.SECRET }}.');
    await httpd.start();
    const declared = await calls(httpd, provider, [
      ['/page', header('X-Place', 'Rome'), 'about Rome.'],
      ['/page', header('X-Place', 'Oslo'), 'about Oslo.'],
      ['/page', {}, 'about .'],
    ]);
    expect(declared).toBe(3);
    expect(await calls(httpd, provider, [['/page', header('X-Secret', 'x'), 'about .']])).toBe(0);
  });

  test('and not by who asks for them', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    telling(provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    const taken = await calls(httpd, provider, [
      ['/page', header('Cookie', 'session=1'), 'the sea'],
      ['/page', header('Cookie', 'session=2'), 'the sea'],
      ['/page', header('User-Agent', 'other'), 'the sea'],
      ['/page', header('Authorization', 'Basic YTpi'), 'the sea'],
    ]);
    expect(taken).toBe(1);
  });
});

describe('equal content is written once', () => {
  test('for two pages with the same prompt, each with a lifetime of its own', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    telling(provider);
    httpd.site.write('a.ai', 'Write about the sea.');
    httpd.site.write('b.ai', '---\nttl: 20\n---\nWrite about the sea.\n');
    await httpd.start();
    const first = await httpd.get('/a');
    const found = await httpd.get('/b');
    const again = await httpd.get('/b');
    expect(provider.received).toBe(1);
    for (const result of [found, again]) {
      expect(result.text).toBe(first.text);
      expect(result.headers['content-length']).toBe(String(first.body.length));
      expect(result.headers['cache-status']).toMatch(/^muse; hit; ttl=(20|1?\d)$/);
      expect(result.headers['cache-control']).toBe('max-age=20');
      expect(result.headers.vary).toBe('Accept,X-Muse-Model');
    }
    const { etag } = (await httpd.get('/a')).headers;
    expect([found.headers.etag, again.headers.etag]).toEqual([etag, etag]);
  });

  test('for a page that was saved again without a change', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    telling(provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    await httpd.get('/page');
    httpd.site.touch('page.ai', new Date('2020-01-01'));
    expect((await httpd.get('/page')).headers['cache-status']).toContain('muse; hit');
    expect(provider.received).toBe(1);
    httpd.site.write('page.ai', 'Write about the hills.');
    expect((await httpd.get('/page')).text).toContain('the hills');
    httpd.site.replace('page.ai', 'Write about the woods.');
    expect((await httpd.get('/page')).text).toContain('the woods');
    expect(provider.received).toBe(3);
    httpd.site.write('page.ai', 'Write about the sea.');
    expect((await httpd.get('/page')).text).toContain('the sea');
    expect(provider.received).toBe(3);
  });

  test('for two virtual hosts', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    telling(provider);
    const documents = `DocumentRoot ${quote(httpd.site.root)}`;
    httpd.config
      .section('VirtualHost', '*', 'ServerName a.test', documents)
      .section('VirtualHost', '*', 'ServerName b.test', documents);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    const taken = await calls(httpd, provider, [
      ['/page', header('Host', 'a.test'), 'the sea'],
      ['/page', header('Host', 'b.test'), 'the sea'],
    ]);
    expect(taken).toBe(1);
  });
});

test('a changed prompt of the site is in force at once, and costs others nothing', async ({
  httpd,
  provider,
}) => {
  enablePages(httpd, provider);
  provider.script(scriptedModel, (request) => {
    const rules = request.messages[0]?.content ?? '';
    return say([`<!doctype html><html lang="en"><title>T</title><pre>${rules}</pre></html>`]);
  });
  for (const name of ['one', 'two']) {
    httpd.conf.write(`${name}/system_prompt.txt`, `Write for ${name}.`);
    httpd.site.write(`${name}/page.ai`, 'Write about the sea.');
    const prompts = `MuseAiPromptsDir ${quote(httpd.conf.path(name))}`;
    httpd.config.section('Directory', httpd.site.path(name), prompts);
  }
  await httpd.start();
  const shows = async (rules: string) => {
    await waitUntil(`pages with the rules ${JSON.stringify(rules)}`, async () =>
      (await httpd.get('/one/page')).text.includes(`<pre>${rules}</pre>`),
    );
  };
  await shows('Write for one.');
  const other = await httpd.get('/two/page');
  expect(other.text).toContain('Write for two.');
  httpd.conf.write('one/system_prompt.txt', 'Write in verse.');
  await shows('Write in verse.');
  httpd.conf.replace('one/system_prompt.txt', 'Write in prose.');
  await shows('Write in prose.');
  httpd.conf.write('one/layout.txt', 'Use one column.');
  await shows('Write in prose.\n\nUse one column.');
  expect(provider.received).toBe(5);
  // What was written under the rules of before is found again, and so is what others have.
  httpd.conf.remove('one/layout.txt');
  await shows('Write in prose.');
  const unchanged = await httpd.get('/two/page');
  expect(unchanged.text).toBe(other.text);
  expect(unchanged.headers['cache-status']).toContain('muse; hit');
  expect(provider.received).toBe(5);
});
