import { renameSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { type Httpd, modelsAt, test, waitUntil } from '../harness/index.ts';
import { type ScriptedProvider, say, startProvider } from '../provider/index.ts';

const enabled = { lines: ['MuseAiEnable On'] };

/** Who wrote the page, as the provider's sample page says. */
async function writerOf(
  httpd: Httpd,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const result = await httpd.get(path, { headers });
  expect(result.status, `${path}: ${result.text}`).toBe(200);
  return /Written by ([^,]+),/.exec(result.text)?.[1] ?? `nobody in:\n${result.text}`;
}

describe('the model of a page', () => {
  test('is the first that env, alias, header, page, MuseAiModel and default name', async ({
    httpd,
    provider,
  }) => {
    const names = ['by-default', 'by-directory', 'by-page', 'by-header', 'by-alias', 'by-env'];
    httpd.site.write('plain.ai', 'Write.');
    httpd.site.write('folder/plain.ai', 'Write.');
    httpd.site.write('folder/own.ai', '---\nmodel: by-page\n---\nWrite.');
    httpd.config
      .muse({ models: modelsAt(provider, ...names), ...enabled })
      .section('Directory', httpd.site.path('folder'), 'MuseAiModel by-directory')
      .lines('SetEnvIf X-Env "(.+)" MuseAIModel=$1', 'SetEnvIf X-Alias "(.+)" MUSE_AI_MODEL=$1');
    await httpd.start();
    const header = { 'X-Muse-Model': 'by-header' };
    const alias = { 'X-Alias': 'by-alias', ...header };
    const env = { 'X-Env': 'by-env', ...alias };
    expect(await writerOf(httpd, '/plain')).toBe('by-default');
    expect(await writerOf(httpd, '/folder/plain')).toBe('by-directory');
    expect(await writerOf(httpd, '/folder/own')).toBe('by-page');
    expect(await writerOf(httpd, '/folder/own', header)).toBe('by-header');
    expect(await writerOf(httpd, '/folder/own', alias)).toBe('by-alias');
    expect(await writerOf(httpd, '/folder/own', env)).toBe('by-env');
    // The same again, now that each of them is cached under its own page key.
    expect(await writerOf(httpd, '/folder/own')).toBe('by-page');
    expect(await writerOf(httpd, '/folder/own', header)).toBe('by-header');
    expect(provider.received).toBe(names.length);
  });

  test('can be set by SetEnv, by RewriteRule on the server and by one in .htaccess', async ({
    httpd,
    provider,
  }) => {
    const models = modelsAt(provider, 'by-default', 'by-setenv', 'by-rule', 'by-htaccess');
    httpd.site.write('page.ai', 'Write.');
    httpd.site.write('set/page.ai', 'Write.');
    httpd.site.write('ruled/page.ai', 'Write.');
    httpd.site.write(
      'ruled/.htaccess',
      'RewriteEngine On\nRewriteRule ^page - [E=MuseAIModel:by-htaccess]\n',
    );
    httpd.site.write('moved/page.ai', 'Write.');
    httpd.site.write(
      'moved/.htaccess',
      'RewriteEngine On\nRewriteRule ^old$ page [E=MuseAIModel:by-htaccess]\n',
    );
    httpd.config
      .muse({ models, ...enabled })
      .lines('RewriteEngine On', 'RewriteRule ^/fast/(.*)$ /$1 [E=MuseAIModel:by-rule]')
      .section('Directory', httpd.site.path('set'), 'SetEnv MuseAIModel by-setenv')
      .section('Directory', httpd.site.root, 'Options FollowSymLinks');
    await httpd.start();
    expect(await writerOf(httpd, '/page')).toBe('by-default');
    expect(await writerOf(httpd, '/set/page')).toBe('by-setenv');
    expect(await writerOf(httpd, '/fast/page')).toBe('by-rule');
    expect(await writerOf(httpd, '/ruled/page')).toBe('by-htaccess');
    // A substitution in .htaccess is an internal redirect, which renames REDIRECT_MuseAIModel.
    expect(await writerOf(httpd, '/moved/old')).toBe('by-htaccess');
  });

  test('follows the header that MuseAiModelHeader names, or none with Off', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('usual/page.ai', 'Write.');
    httpd.site.write('other/page.ai', 'Write.');
    httpd.site.write('off/page.ai', 'Write.');
    httpd.config
      .muse({ models: modelsAt(provider, 'standard', 'special'), ...enabled })
      .section('Directory', httpd.site.path('other'), 'MuseAiModelHeader X-Writer')
      .section('Directory', httpd.site.path('off'), 'MuseAiModelHeader Off');
    await httpd.start();
    const usual = { 'X-Muse-Model': 'special' };
    const other = { 'X-Writer': 'special' };
    expect(await writerOf(httpd, '/usual/page', usual)).toBe('special');
    expect(await writerOf(httpd, '/usual/page', other)).toBe('standard');
    expect(await writerOf(httpd, '/other/page', usual)).toBe('standard');
    expect(await writerOf(httpd, '/other/page', other)).toBe('special');
    expect(await writerOf(httpd, '/off/page', { ...usual, ...other })).toBe('standard');
    const vary = async (path: string) => (await httpd.get(path)).headers.vary ?? '';
    expect(await vary('/usual/page')).toBe('X-Muse-Model');
    expect(await vary('/other/page')).toBe('X-Writer');
    expect(await vary('/off/page')).toBe('');
  });

  test('falls back from an unknown name, which is logged once a minute', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    httpd.config.muse({ models: modelsAt(provider, 'standard', 'directory'), ...enabled });
    httpd.config.section('Location', '/', 'MuseAiModel directory');
    await httpd.start();
    // The engine has to have told httpd its models: until then no name is unknown.
    expect(await writerOf(httpd, '/page')).toBe('directory');
    const unknown = { 'X-Muse-Model': 'no-such' };
    const asked = Array.from({ length: 20 }, () => writerOf(httpd, '/page', unknown));
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['directory']));
    expect(await writerOf(httpd, '/page', { 'X-Muse-Model': 'o\tther' })).toBe('directory');
    await httpd.log.waitFor(/MUSE0031.*"no-such".*X-Muse-Model/);
    await httpd.log.waitFor(/MUSE0031.*"o\\tther"/);
    expect(httpd.log.matching(/MUSE0031.*"no-such"/)).toHaveLength(1);
    httpd.log.expect(/MUSE0031/);
  });

  test('falls back from an unknown name in the page or in MuseAiModel', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', '---\nmodel: misspelt\n---\nWrite.');
    httpd.site.write('folder/page.ai', 'Write.');
    httpd.config
      .muse({ models: modelsAt(provider, 'standard'), ...enabled })
      .section('Directory', httpd.site.path('folder'), 'MuseAiModel missing');
    await httpd.start();
    for (let time = 0; time < 20; time += 1) {
      expect(await writerOf(httpd, `/page?${time}`)).toBe('standard');
      expect(await writerOf(httpd, `/folder/page?${time}`)).toBe('standard');
    }
    expect(httpd.log.matching(/MUSE0215.*"misspelt"/)).toHaveLength(1);
    expect(httpd.log.matching(/MUSE0215.*"missing"/)).toHaveLength(1);
    httpd.log.expect(/MUSE0215.*"misspelt"/, /MUSE0215.*"missing"/);
  });
});

describe('models.json', () => {
  /** models.json whose one model is called `upstream` at the provider. */
  const naming = (provider: ScriptedProvider, upstream: string, more: object = {}) =>
    modelsAt(provider, { name: 'writer', model: upstream, ...more });

  async function startWith(httpd: Httpd, provider: ScriptedProvider): Promise<void> {
    httpd.site.write('page.ai', 'Write.');
    httpd.config.muse({ models: naming(provider, 'first'), ...enabled });
    await httpd.start();
    expect(await writerOf(httpd, '/page')).toBe('first');
  }

  /** The edit is in force: neither httpd's model table nor the engine knows the old one. */
  const inForce = (httpd: Httpd, upstream: string) =>
    waitUntil(
      () => `${upstream} to write the page; the error log is:\n${httpd.log.text}`,
      async () => (await writerOf(httpd, '/page')) === upstream,
    );

  test('is read again when it is edited in place, or replaced by another file', async ({
    httpd,
    provider,
  }) => {
    await startWith(httpd, provider);
    httpd.conf.writeJson('models.json', naming(provider, 'second'));
    await inForce(httpd, 'second');
    httpd.conf.replace('models.json', JSON.stringify(naming(provider, 'third')));
    await inForce(httpd, 'third');
    // As vi does it: the old file becomes a backup, then a new one is written.
    renameSync(httpd.conf.path('models.json'), httpd.conf.path('models.json~'));
    httpd.conf.writeJson('models.json', naming(provider, 'fourth'));
    await inForce(httpd, 'fourth');
    httpd.conf.writeJson('models.json', naming(provider, 'fifth'));
    await inForce(httpd, 'fifth');
    httpd.log.allow(211, 213); // seen at the wrong moment
  });

  test('may be half-written for a while', async ({ httpd, provider }) => {
    await startWith(httpd, provider);
    const whole = JSON.stringify(naming(provider, 'second'), null, 2);
    httpd.conf.write('models.json', whole.slice(0, whole.length / 2));
    await httpd.log.waitFor(211);
    expect(await writerOf(httpd, '/page?half')).toBe('first');
    httpd.conf.write('models.json', whole);
    await inForce(httpd, 'second');
    httpd.log.expect(211);
  });

  test('may be a symbolic link that is made to point elsewhere', async ({ httpd, provider }) => {
    const { conf } = httpd;
    httpd.site.write('page.ai', 'Write.');
    // As Kubernetes mounts a ConfigMap: models.json → ..data/models.json, ..data → a folder.
    conf.writeJson('..1/models.json', naming(provider, 'first'));
    conf.writeJson('..2/models.json', naming(provider, 'second'));
    conf.link('..data', '..1');
    conf.link('models.json', '..data/models.json');
    httpd.config.muse({ lines: ['MuseAiEnable On', `MuseAiModels conf/models.json`] });
    await httpd.start();
    expect(await writerOf(httpd, '/page')).toBe('first');
    conf.link('..data_tmp', '..2');
    renameSync(conf.path('..data_tmp'), conf.path('..data'));
    await inForce(httpd, 'second');
    conf.writeJson('..2/models.json', naming(provider, 'third'));
    await inForce(httpd, 'third');
    // A link to a file, swapped for a link to another one.
    conf.writeJson('elsewhere.json', naming(provider, 'fourth'));
    conf.link('new.json', 'elsewhere.json');
    renameSync(conf.path('new.json'), conf.path('models.json'));
    await inForce(httpd, 'fourth');
  });

  test('may go away and come back: meanwhile the old one counts', async ({ httpd, provider }) => {
    await startWith(httpd, provider);
    httpd.conf.remove('models.json');
    await httpd.log.waitFor(213);
    expect(await writerOf(httpd, '/page?away')).toBe('first');
    httpd.conf.writeJson('models.json', naming(provider, 'second'));
    await inForce(httpd, 'second');
    httpd.log.expect(213);
  });

  test('need not be there when httpd starts', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', 'Write.');
    httpd.site.write('static.txt', 'static');
    httpd.config.muse({ lines: ['MuseAiEnable On', 'MuseAiModels conf/models.json'] });
    await httpd.start();
    expect((await httpd.get('/page')).status).toBe(503);
    expect((await httpd.get('/static.txt')).text).toBe('static');
    const line = await httpd.log.waitFor(212);
    expect(line.text).toContain(httpd.conf.path('models.json'));
    expect(line.text).toMatch(/httpd\.conf:\d+/);
    httpd.conf.writeJson('models.json', naming(provider, 'first'));
    await waitUntil('the page', async () => (await httpd.get('/page')).status === 200);
    httpd.log.expect(212, 217);
  });

  test('changes nothing when it is invalid, and the log names line, path and reason', async ({
    httpd,
    provider,
  }) => {
    await startWith(httpd, provider);
    const { url } = provider;
    const entry = (...lines: string[]) =>
      ['{', '  "models": [{', '    "name": "writer",', ...lines, '  }]', '}'].join('\n');
    const mistakes: [content: string, [line: string, ...told: string[]]][] = [
      [entry(`    "endpoint": "${url}"`, '    "model": "x"'), ['5:']],
      [entry(`    "endpoint": "${url}",`, '    "model": x'), ['5:']],
      [
        entry(`    "endpoint": "${url}",`, '    "temperature": 3'),
        ['5:', 'models[0].temperature', '2'],
      ],
      [
        entry(`    "endpoint": "${url}",`, '    "temprature": 1'),
        ['5:', 'models[0].temprature', 'Did you mean "temperature"?'],
      ],
      [entry('    "endpoint": "ftp://x"'), ['4:', 'models[0].endpoint', 'https://']],
      [
        '{\n  "models": [\n    {"name": "a"},\n    {"name": "a"}\n  ]\n}',
        ['4:', 'models[1].name', '"a"'],
      ],
      ['{\n  "models": []\n}', ['2:', 'models', 'at least one']],
      ['{\n  "default_model": "a",\n  "models": [{"name": "b"}]\n}', ['2:', 'default_model', 'b']],
      ['', ['1:']],
      ['[]', ['1:', 'object']],
    ];
    for (const [content, [line, ...told]] of mistakes) {
      const mark = httpd.log.mark();
      httpd.conf.replace('models.json', content);
      const { text } = await httpd.log.waitFor(211, { mark });
      for (const part of [`${httpd.conf.path('models.json')}:${line}`, ...told]) {
        expect(text, `about:\n${content}`).toContain(part);
      }
    }
    expect(await writerOf(httpd, '/page?after')).toBe('first');
    expect(httpd.log.matching(211)).toHaveLength(mistakes.length);
    httpd.conf.writeJson('models.json', naming(provider, 'second'));
    await inForce(httpd, 'second');
    httpd.log.expect(211);
  });

  test('sets what the provider is asked: temperature, top_p, stop, headers, usage', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    const headers = { 'X-Title': 'Our site', 'X-Token': `\${MUSE_AI_TOKEN}` };
    const shape = { temperature: 0.25, top_p: 0.5, stop: ['END'], stream_usage: true, headers };
    httpd.env.MUSE_AI_TOKEN = 'token-of-the-site';
    httpd.config.muse({ models: naming(provider, 'first', shape), ...enabled });
    await httpd.start();
    expect(await writerOf(httpd, '/page')).toBe('first');
    const [asked] = provider.requests;
    expect(asked?.body).toMatchObject({
      model: 'first',
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.25,
      top_p: 0.5,
      stop: ['END'],
    });
    expect(asked?.headers).toMatchObject({ 'x-title': 'Our site', 'x-token': 'token-of-the-site' });
  });
});

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
});

test('without models.json, MuseAiModel at MuseAiEndpoint writes the pages', async ({
  httpd,
  provider,
}) => {
  httpd.site.write('page.ai', 'Write.');
  httpd.config.muse({
    lines: [
      ...enabled.lines,
      `MuseAiEndpoint ${new URL(provider.url).origin}`,
      'MuseAiApiKey key-of-server',
      'MuseAiModel lonely',
    ],
  });
  await httpd.start();
  expect(await writerOf(httpd, '/page')).toBe('lonely');
  expect(provider.requests[0]?.headers.authorization).toBe('Bearer key-of-server');
});

describe('what directives say reaches the provider:', () => {
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
});
