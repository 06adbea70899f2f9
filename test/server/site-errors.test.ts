import { chmodSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { enablePages, modelsAt, scriptedModel, test } from '../harness/index.ts';
import { fail } from '../provider/index.ts';
import { expectError, expectStatic, withErrorDocuments } from './error-answers.ts';

describe('models.json', () => {
  test('that is broken at the start leaves static files, and works once repaired', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    withErrorDocuments(httpd);
    httpd.conf.write('models.json', '{"models": [{"name": "m",}]}');
    httpd.config.muse({ lines: ['MuseAiEnable On', 'MuseAiModels conf/models.json'] });
    await httpd.start();
    await expectStatic(httpd);
    expectError(await httpd.get('/page'), 503, 'broken');
    const mark = httpd.log.mark();
    // At once: a half-written one would be told as well.
    httpd.conf.replace('models.json', JSON.stringify(modelsAt(provider, 'm')));
    await httpd.log.waitFor(210, { mark });
    expect((await httpd.get('/page')).status).toBe(200);
    httpd.log.expect(/MUSE0211.*models\.json:1:26/, 217);
  });

  test('that names a variable which was not passed costs that model only', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    withErrorDocuments(httpd);
    const keyed = { name: 'keyed', api_key: `\${NOT_PASSED}` };
    httpd.config.muse({ models: modelsAt(provider, keyed, 'm'), lines: ['MuseAiEnable On'] });
    httpd.env.NOT_PASSED = 'a-secret-that-is-not-passed';
    await httpd.start();
    expectError(await httpd.get('/page'), 503, 'keyed');
    expect((await httpd.get('/page', { headers: { 'X-Muse-Model': 'm' } })).status).toBe(200);
    await expectStatic(httpd);
    httpd.log.expect(/MUSE0214.*PassEnv NOT_PASSED/, /MUSE0216.*"keyed".*PassEnv NOT_PASSED/);
    // The engine's own lines come by way of its supervisor.
    await httpd.log.waitFor(214);
    expect(httpd.log.matching(214)).toHaveLength(1);
  });

  test('that can not be read is told with the reason', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', 'Write.');
    withErrorDocuments(httpd);
    httpd.config.muse({ models: modelsAt(provider, 'm'), lines: ['MuseAiEnable On'] });
    chmodSync(httpd.conf.path('models.json'), 0o000);
    await httpd.start();
    expectError(await httpd.get('/page'), 503, 'unreadable');
    await expectStatic(httpd);
    httpd.log.expect(
      /MUSE021[12].*models\.json.*EACCES|MUSE021[12].*models\.json.*permission/,
      217,
    );
  });

  test('that is absent, with no endpoint either, is told with what to configure', async ({
    httpd,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    withErrorDocuments(httpd);
    httpd.config.muse({ lines: ['MuseAiEnable On'] });
    await httpd.start();
    expectError(await httpd.get('/page'), 503, 'nothing configured');
    await expectStatic(httpd);
    httpd.log.expect(/MUSE0217.*MuseAiModels.*MuseAiModel.*MuseAiEndpoint/);
    httpd.log.allow(212);
  });
});

test('a page that is no prompt has a status and a log line each, until it is repaired', async ({
  httpd,
  provider,
}) => {
  const { site } = httpd;
  const pages: Readonly<Record<string, readonly [string | Buffer, number, RegExp]>> = {
    unreadable: ['Write.', 403, /MUSE0221.*unreadable\.ai.*User/],
    nul: ['Write.\0', 500, /MUSE0223.*nul\.ai.*NUL/],
    latin: [Buffer.from([0x57, 0xe9, 0x74]), 500, /MUSE0223.*latin\.ai.*UTF-8/],
    huge: ['x'.repeat(10_000_000), 500, /MUSE0222.*huge\.ai.*1 MiB/],
    empty: ['', 500, /MUSE02\d\d.*empty\.ai.*empty/],
    blank: ['---\nttl: 5\n---\n \n', 500, /MUSE02\d\d.*blank\.ai.*empty/],
    matter: ['---\nttl: soon\n---\nWrite.', 500, /MUSE0224.*matter\.ai:2:\d+: ttl/],
    yaml: ['---\ntitle: [\n---\nWrite.', 500, /MUSE0224.*yaml\.ai:\d/],
    open: ['---\nttl: 5\nWrite.', 500, /MUSE0224.*open\.ai:1.*---/],
    field: ['---\nmodle: m\n---\nWrite.', 500, /MUSE0224.*field\.ai:2.*Did you mean "model"/],
    template: ['---\nttl: 5\n---\nOne\n{{ query.a | nope }}', 500, /MUSE0225.*template\.ai:5/],
    name: ['One\n{{ cookie.a }}', 500, /MUSE0225.*name\.ai:2.*"cookie"/],
  };
  for (const [name, [content]] of Object.entries(pages)) site.write(`${name}.ai`, content);
  chmodSync(site.path('unreadable.ai'), 0o000);
  site.write('folder.ai/x.txt', 'a folder, not a page');
  withErrorDocuments(httpd);
  enablePages(httpd, provider);
  await httpd.start();
  for (const [name, [, status, log]] of Object.entries(pages)) {
    const mark = httpd.log.mark();
    expectError(await httpd.get(`/${name}`), status, name);
    await httpd.log.waitFor(log, { mark });
    httpd.log.expect(log);
  }
  expect((await httpd.get('/folder')).status).toBe(404);
  expect(provider.received).toBe(0);
  await expectStatic(httpd);
  for (const name of Object.keys(pages)) {
    chmodSync(site.path(`${name}.ai`), 0o644);
    site.write(`${name}.ai`, `Write about ${name}.`);
    expect((await httpd.get(`/${name}`)).status, name).toBe(200);
  }
});

describe('prompts', () => {
  test('that can not be read stop the pages: none goes out without its rules', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    const prompt = httpd.conf.write('prompts/system_prompt.ai', 'Be brief.');
    chmodSync(prompt, 0o000);
    withErrorDocuments(httpd);
    enablePages(httpd, provider, 'MuseAiPromptsDir conf/prompts');
    await httpd.start();
    expectError(await httpd.get('/page'), 500, 'unreadable prompt');
    expect(provider.received).toBe(0);
    await expectStatic(httpd);
    chmodSync(prompt, 0o644);
    expect((await httpd.get('/page')).status).toBe(200);
    httpd.log.expect(/MUSE0226.*system_prompt\.ai/);
  });

  test('that are not there are told, and the built-in one is used', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', 'Write.');
    enablePages(httpd, provider, 'MuseAiPromptsDir conf/nowhere');
    await httpd.start();
    expect((await httpd.get('/page')).status).toBe(200);
    httpd.log.expect(/MUSE0228.*nowhere/);
  });
});

test('a page that stands for an error and fails itself is asked for once', async ({
  httpd,
  provider,
}) => {
  httpd.site.write('page.ai', 'Write.');
  httpd.site.write('sorry.ai', 'Say that we are sorry.');
  httpd.config.lines('ErrorDocument 404 /sorry.ai', 'ErrorDocument 502 /sorry.ai');
  enablePages(httpd, provider);
  provider.script(scriptedModel, fail(401));
  await httpd.start();
  const { status, text, headers } = await httpd.get('/page');
  expect([status, provider.received]).toEqual([502, 2]);
  expect(text).toContain('Additionally, a 502');
  expect(headers['cache-control']).toContain('no-store');
  // What was wrong at first is what the visitor is told.
  expect((await httpd.get('/nothing')).status).toBe(404);
  expect(provider.received).toBe(3);
  httpd.log.expect(240);
});
