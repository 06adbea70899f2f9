import { describe, expect } from 'vitest';
import { modelsAt, test } from '../harness/index.ts';
import { enabled, writerOf } from './writer-of.ts';

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
    expect(await vary('/usual/page')).toBe('Accept,X-Muse-Model');
    expect(await vary('/other/page')).toBe('Accept,X-Writer');
    expect(await vary('/off/page')).toBe('Accept');
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
