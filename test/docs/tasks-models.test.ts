/** Tasks of the HOWTO, done with its own snippets. */
import { describe, expect } from 'vitest';
import { test } from '../harness/index.ts';
import { configure, previews, snippet, withPreviews, writer } from './as-documented.ts';

describe('Write the first page', () => {
  const title = 'Write the first page';

  test('three files make a page, with and without its suffix', async ({ httpd }) => {
    configure(httpd, snippet(title, 'apache'));
    configure(httpd, snippet(title, 'apache', 1));
    httpd.conf.write('models.json', snippet(title, 'json'));
    httpd.site.write('heron.ai', snippet(title, 'ai'));
    httpd.site.write('birds/index.ai', snippet(title, 'ai'));
    await httpd.start();
    for (const path of ['/heron.ai', '/heron', '/birds/']) {
      const { status, text } = await httpd.get(path);
      expect([path, status]).toEqual([path, 200]);
      expect(text).toContain('No model wrote this page');
      expect(text).toContain('Write a page about the grey heron');
    }
  });

  test('a model put into models.json writes the pages from then on', async ({
    httpd,
    provider,
  }) => {
    configure(httpd, snippet(title, 'apache'));
    httpd.conf.write('models.json', snippet(title, 'json'));
    httpd.site.write('heron.ai', snippet(title, 'ai'));
    await httpd.start();
    await httpd.log.waitFor(210);
    const models = snippet(title, 'json', 1).replace('http://127.0.0.1:11434/v1', provider.url);
    httpd.conf.replace('models.json', models);
    await httpd.log.waitFor(/MUSE0210: .*local, preview/);
    expect((await httpd.get('/heron')).status).toBe(200);
    expect(provider.requests.map(({ model }) => model)).toEqual(['llama3.2']);
  });
});

describe('Keep a key out of the configuration', () => {
  const title = 'Keep a key out of the configuration';
  const key = 'sk-documented-0123456789';

  test.for([
    ['a variable that PassEnv passes', 0, 'OPENAI_API_KEY'],
    ['a variable that begins with MUSE_AI_', 1, 'MUSE_AI_OPENAI_KEY'],
  ] as const)(
    '%s reaches the provider as the key',
    async ([, index, name], { httpd, provider }) => {
      if (index === 0) configure(httpd, snippet(title, 'apache'));
      else configure(httpd, 'MuseAiModels /etc/apache2/muse_ai/models.json');
      httpd.config.lines('MuseAiEnable On');
      const models = snippet(title, 'json', index).replace(
        'https://api.openai.com/v1',
        provider.url,
      );
      httpd.conf.write('models.json', models);
      httpd.site.write('page.ai', 'Write a page.\n');
      httpd.env[name] = key;
      await httpd.start();
      expect((await httpd.get('/page')).status).toBe(200);
      expect(provider.requests[0]?.headers.authorization).toBe(`Bearer ${key}`);
      expect(httpd.log.text).not.toContain(key);
    },
  );

  test('a variable that is not there makes that model unavailable, and the log says so', async ({
    httpd,
  }) => {
    configure(httpd, snippet(title, 'apache'));
    httpd.config.lines('MuseAiEnable On');
    httpd.conf.write('models.json', snippet(title, 'json'));
    httpd.site.write('page.ai', 'Write a page.\n');
    await httpd.start();
    expect((await httpd.get('/page')).status).toBe(503);
    httpd.log.expect(/MUSE0214: .*OPENAI_API_KEY/, /MUSE0216: .*PassEnv OPENAI_API_KEY/);
    httpd.log.allow('AH01506'); // mod_env's own word on the variable
  });
});

describe('Choose a model', () => {
  const title = 'Choose a model';

  test('by SetEnvIf and RewriteRule', async ({ httpd }) => {
    withPreviews(httpd, 'first', 'local', 'preview');
    const here = snippet(title, 'apache').replace('^10\\.', '^127\\.0\\.0\\.9$');
    configure(httpd, here, 'directory');
    httpd.site.write('page.ai', 'Write a page.\n');
    await httpd.start();
    const from = (path: string, localAddress: string) => httpd.get(path, { localAddress });
    expect(writer((await from('/page', '127.0.0.1')).text)).toBe('first');
    expect(writer((await from('/page', '127.0.0.9')).text)).toBe('local');
    expect(writer((await from('/page?draft=1', '127.0.0.1')).text)).toBe('preview');
  });

  test('by directory, page and header, the latter stronger', async ({ httpd }) => {
    withPreviews(httpd, 'first', 'large', 'preview');
    configure(httpd, snippet(title, 'apache', 1));
    httpd.site.write('page.ai', 'Write a page.\n');
    httpd.site.write('tides.ai', snippet(title, 'ai'));
    httpd.site.write('reports/page.ai', 'Write a report.\n');
    await httpd.start();
    const byHeader = { headers: { 'X-Muse-Model': 'preview' } };
    expect(writer((await httpd.get('/page')).text)).toBe('first');
    expect(writer((await httpd.get('/reports/page')).text)).toBe('large');
    expect(writer((await httpd.get('/tides')).text)).toBe('large');
    expect(writer((await httpd.get('/tides', byHeader)).text)).toBe('preview');
  });

  test('the header can be switched off', async ({ httpd }) => {
    withPreviews(httpd, 'first', 'preview');
    configure(httpd, snippet(title, 'apache', 2));
    httpd.site.write('page.ai', 'Write a page.\n');
    await httpd.start();
    const { text, headers } = await httpd.get('/page', { headers: { 'X-Muse-Model': 'preview' } });
    expect(writer(text)).toBe('first');
    expect(headers.vary).toBe('Accept');
  });

  test('unknown names are passed over or replaced by the default, and said', async ({ httpd }) => {
    withPreviews(httpd, 'first', 'second');
    httpd.config.lines('MuseAiModel second');
    httpd.site.write('page.ai', 'Write a page.\n');
    httpd.site.write('odd.ai', '---\nmodel: nobody\n---\nWrite a page.\n');
    await httpd.start();
    await httpd.log.waitFor(20);
    const { text } = await httpd.get('/page', { headers: { 'X-Muse-Model': 'nobody' } });
    expect(writer(text)).toBe('second');
    expect(writer((await httpd.get('/odd')).text)).toBe('first');
    httpd.log.expect(31, 215);
  });
});

describe('Edit models.json while httpd runs', () => {
  test('an invalid file changes nothing and is named with its line', async ({ httpd }) => {
    withPreviews(httpd, 'first');
    httpd.site.write('page.ai', 'Write a page.\n');
    await httpd.start();
    await httpd.log.waitFor(210);
    httpd.conf.write('models.json', '{\n  "models": [\n    { "nam": "second" }\n  ]\n}\n');
    await httpd.log.waitFor(/MUSE0211: \S+models\.json:3:\d+: .*Did you mean "name"/);
    httpd.log.expect(211);
    expect(writer((await httpd.get('/page')).text)).toBe('first');
  });
});

describe('Keep pages coming when a provider fails', () => {
  const title = 'Keep pages coming when a provider fails';

  test('the fallback writes when the endpoints are gone', async ({ httpd, provider }) => {
    // Nobody can take that port at another address, as long as the provider has it at its own.
    const gone = `http://127.0.0.2:${provider.port}/v1`;
    const models = snippet(title, 'json')
      .replace(/http:\/\/gpu(\d)[^"]+/g, `${gone}/$1`)
      .replace('https://api.openai.com/v1', provider.url);
    httpd.config.muse({ lines: ['MuseAiEnable On', 'MuseAiModels conf/models.json'] });
    httpd.config.logLevel = 'info muse_ai:debug';
    httpd.conf.write('models.json', models);
    httpd.config.lines('PassEnv OPENAI_API_KEY');
    httpd.env.OPENAI_API_KEY = 'sk-documented-0123456789';
    httpd.site.write('page.ai', 'Write a page.\n');
    await httpd.start();
    const { status, headers } = await httpd.get('/page');
    expect([status, headers['cache-control']]).toEqual([200, 'max-age=60']);
    expect(provider.requests.map(({ model }) => model)).toEqual(['gpt-4o-mini']);
    expect((await httpd.log.waitFor(230)).text).toMatch(
      /model "writer": endpoint \d \(.*\): unreachable .*; model "hosted": .* stop after \d+ ms$/,
    );
    httpd.log.expect(/MUSE0233: model "hosted" writes the pages of model "writer"/);
  });
});

describe('Give all pages one style', () => {
  test('the prompts’ files are what the model is told, and are watched', async ({ httpd }) => {
    const title = 'Give all pages one style';
    httpd.config.muse({ models: previews('first') });
    configure(httpd, snippet(title, 'apache'));
    httpd.site.write('page.ai', 'Write a page.\n');
    httpd.conf.write('prompts/system_prompt.ai', 'You write for sailors.\n');
    httpd.conf.write('prompts/layout.txt', 'Two columns.\n');
    await httpd.start();
    expect((await httpd.get('/page')).text).toContain('You write for sailors.\n\nTwo columns.');
    httpd.conf.replace('prompts/layout.txt', 'Three columns.\n');
    await httpd.log.waitFor(227);
    expect((await httpd.get('/page')).text).toContain('Three columns.');
  });
});
