import { describe, expect } from 'vitest';
import { modelsAt, test, waitUntil } from '../harness/index.ts';
import { type ScriptedProvider, say, startProvider } from '../provider/index.ts';
import { enabled, writerOf } from './writer-of.ts';

describe('keys', () => {
  const sent = (provider: ScriptedProvider) =>
    provider.requests.map((request) => [request.model, request.headers.authorization]);

  test('go to the endpoint of their own model only', async ({ httpd, provider }) => {
    await using other = await startProvider({ apiKey: 'key-of-other' });
    httpd.site.write('page.ai', 'Write.');
    httpd.env.OTHER_KEY = 'key-of-other';
    httpd.config.muse({
      models: {
        models: [
          { name: 'default', api_key: 'key-of-own' },
          { name: 'plain' },
          { name: 'other', endpoint: other.url, api_key: `\${OTHER_KEY}` },
          { name: 'keyless', endpoint: provider.url },
        ],
      },
      lines: [
        ...enabled.lines,
        'PassEnv OTHER_KEY',
        `MuseAiEndpoint ${provider.url}`,
        'MuseAiApiKey key-of-server',
      ],
    });
    await httpd.start();
    for (const model of ['default', 'plain', 'other', 'keyless']) {
      expect(await writerOf(httpd, '/page', { 'X-Muse-Model': model })).toBe(model);
    }
    expect(sent(provider)).toEqual([
      ['default', 'Bearer key-of-own'],
      ['plain', 'Bearer key-of-server'],
      ['keyless', undefined],
    ]);
    expect(sent(other)).toEqual([['other', 'Bearer key-of-other']]);
  });

  test('and endpoints may differ from virtual host to virtual host', async ({
    httpd,
    provider,
  }) => {
    await using second = await startProvider();
    await using third = await startProvider();
    const host = (name: string, ...lines: string[]) => {
      httpd.site.write(`${name}.ai`, `Write for ${name}.`);
      httpd.config.section('VirtualHost', '*', `ServerName ${name}.test`, ...lines);
    };
    httpd.config.muse({
      models: { models: [{ name: 'writer' }] },
      lines: [
        ...enabled.lines,
        `MuseAiEndpoint ${provider.url}`,
        'MuseAiApiKey key-of-main',
        'MuseAiModel writer',
      ],
    });
    host('inherits');
    host('rekeyed', 'MuseAiApiKey key-of-host');
    host('moved', `MuseAiEndpoint ${second.url}`, 'MuseAiApiKey key-of-moved');
    host('keyless', `MuseAiEndpoint ${third.url}`);
    await httpd.start();
    for (const name of ['inherits', 'rekeyed', 'moved', 'keyless']) {
      expect(await writerOf(httpd, `/${name}`, { Host: `${name}.test` })).toBe('writer');
    }
    const keys = (from: ScriptedProvider) => sent(from).map(([, key]) => key);
    expect(keys(provider)).toEqual(['Bearer key-of-main', 'Bearer key-of-host']);
    expect(keys(second)).toEqual(['Bearer key-of-moved']);
    expect(keys(third)).toEqual([undefined]);
  });

  test('of the environment win over those of the configuration', async ({ httpd, provider }) => {
    await using configured = await startProvider();
    httpd.site.write('page.ai', 'Write.');
    httpd.env.MUSE_AI_ENDPOINT = provider.url;
    httpd.env.MUSE_AI_API_KEY = 'key-of-environment';
    httpd.config.muse({
      models: { models: [{ name: 'writer' }] },
      lines: [
        ...enabled.lines,
        `MuseAiEndpoint ${configured.url}`,
        'MuseAiApiKey key-of-configuration',
      ],
    });
    await httpd.start();
    expect(await writerOf(httpd, '/page')).toBe('writer');
    expect(sent(provider)).toEqual([['writer', 'Bearer key-of-environment']]);
    expect(configured.received).toBe(0);
  });

  test('of the configuration stay there when the environment names another endpoint', async ({
    httpd,
    provider,
  }) => {
    await using configured = await startProvider();
    httpd.site.write('page.ai', 'Write.');
    httpd.env.MUSE_AI_ENDPOINT = provider.url;
    httpd.config.muse({
      models: { models: [{ name: 'writer' }] },
      lines: [
        ...enabled.lines,
        `MuseAiEndpoint ${configured.url}`,
        'MuseAiApiKey key-of-configuration',
      ],
    });
    await httpd.start();
    expect(await writerOf(httpd, '/page')).toBe('writer');
    expect(sent(provider)).toEqual([['writer', undefined]]);
    expect(configured.received).toBe(0);
  });
});

describe('what reaches the provider:', () => {
  test('MuseAiMaxTokens, unless page or model say otherwise', async ({ httpd, provider }) => {
    const { site, config } = httpd;
    for (const folder of ['plain', 'some', 'none']) site.write(`${folder}/page.ai`, 'Write.');
    site.write('some/own.ai', '---\nmax_tokens: 44\n---\nWrite.');
    config
      .muse({ models: modelsAt(provider, 'm', { name: 'frugal', max_tokens: 55 }), ...enabled })
      .section('Directory', site.path('some'), 'MuseAiMaxTokens 77')
      .section('Directory', site.path('none'), 'MuseAiMaxTokens 0');
    await httpd.start();
    const asked = async (path: string, model = 'm') => {
      await writerOf(httpd, path, { 'X-Muse-Model': model });
      return provider.requests.at(-1)?.field('max_tokens');
    };
    expect(await asked('/plain/page')).toBe(16384);
    expect(await asked('/some/page')).toBe(77);
    expect(await asked('/none/page')).toBeUndefined();
    expect(await asked('/some/own')).toBe(44);
    expect(await asked('/some/page', 'frugal')).toBe(55);
    expect(await asked('/some/own', 'frugal')).toBe(44);
  });

  test('the prompts of MuseAiPromptsDir, minified on demand, and their changes', async ({
    httpd,
    provider,
  }) => {
    const { site, conf, config } = httpd;
    for (const folder of ['bare', 'full', 'small']) site.write(`${folder}/page.ai`, 'About bees.');
    conf.write('prompts/system_prompt.ai', 'Be brief.\n');
    conf.write('prompts/layout.txt', 'Use columns.\n');
    conf.write('prompts/layout.min.txt', 'Cols.\n');
    provider.script('m', (asked) => say(`<!doctype html><pre>${asked.messages[0]?.content}</pre>`));
    config
      .muse({ models: modelsAt(provider, 'm'), ...enabled })
      .section('Directory', site.path('full'), 'MuseAiPromptsDir conf/prompts')
      .section(
        'Directory',
        site.path('small'),
        'MuseAiPromptsDir conf/prompts',
        'MuseAiPromptsMinify On',
      );
    await httpd.start();
    const asked = async (path: string) => {
      await httpd.get(path);
      return provider.requests.at(-1)?.messages;
    };
    const page = { role: 'user', content: 'About bees.' };
    const [system, user] = (await asked('/bare/page')) ?? [];
    expect(system?.content).toContain('HTML5');
    expect(user).toEqual(page);
    const full = { role: 'system', content: 'Be brief.\n\nUse columns.' };
    expect(await asked('/full/page')).toEqual([full, page]);
    const small = { role: 'system', content: 'Be brief.\n\nCols.' };
    expect(await asked('/small/page')).toEqual([small, page]);
    conf.replace('prompts/system_prompt.ai', 'Be long.');
    await waitUntil('the new prompt', async () =>
      (await httpd.get('/full/page')).text.includes('Be long.\n\nUse columns.'),
    );
  });

  test('temperature, top_p, stop, headers and usage of models.json', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    const headers = { 'X-Title': 'Our site', 'X-Token': `\${MUSE_AI_TOKEN}` };
    const shape = { temperature: 0.25, top_p: 0.5, stop: ['END'], stream_usage: true, headers };
    httpd.env.MUSE_AI_TOKEN = 'token-of-the-site';
    const models = modelsAt(provider, { name: 'writer', model: 'writer-2', ...shape });
    httpd.config.muse({ models, ...enabled });
    await httpd.start();
    expect(await writerOf(httpd, '/page')).toBe('writer-2');
    const [asked] = provider.requests;
    expect(asked?.body).toMatchObject({
      model: 'writer-2',
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.25,
      top_p: 0.5,
      stop: ['END'],
    });
    expect(asked?.headers).toMatchObject({ 'x-title': 'Our site', 'x-token': 'token-of-the-site' });
  });
});
