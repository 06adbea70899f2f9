import { describe, expect } from 'vitest';
import { enablePages, type Httpd, scriptedModel, test, useModel } from '../harness/index.ts';
import type { ScriptedProvider } from '../provider/index.ts';
import { type Context, right, wrong } from './directive-values.ts';

/** The lines of `right` whose directive belongs to one of these contexts. */
function rightIn(...contexts: readonly Context[]): string[] {
  return right.filter(([context]) => contexts.includes(context)).flatMap(([, ...lines]) => lines);
}

/** The first line for each directive of a context. */
function examples(...contexts: readonly Context[]): string[] {
  return right.filter(([context]) => contexts.includes(context)).map(([, line = '']) => line);
}

const nameOf = (line: string) => line.split(' ')[0] ?? '';

describe('httpd -t refuses a wrong value and says what would be right', () => {
  test.for(wrong)('%s', async ([line, says], { httpd }) => {
    httpd.config.muse({ lines: [line] });
    const { ok, said } = await httpd.check();
    expect(ok).toBe(false);
    expect(said).toMatch(/Syntax error on line \d+ of .*httpd\.conf/);
    expect(said).toContain(nameOf(line));
    expect(said).toMatch(says);
    expect(said).not.toContain('not to be told');
  });

  test('for every directive', () => {
    const tested = new Set(wrong.map(([line]) => nameOf(line)));
    expect(right.map(([, line = '']) => nameOf(line)).filter((name) => !tested.has(name))).toEqual(
      [],
    );
  });
});

describe('httpd -t takes right values', () => {
  test('on the server', async ({ httpd }) => {
    httpd.config.muse({ lines: rightIn('htaccess', 'directory', 'host', 'global') });
    expect(await httpd.check()).toEqual({ ok: true, said: 'Syntax OK' });
  });

  test('in a virtual host', async ({ httpd }) => {
    httpd.config.muse().section('VirtualHost', '*', ...rightIn('htaccess', 'directory', 'host'));
    expect(await httpd.check()).toEqual({ ok: true, said: 'Syntax OK' });
  });

  test.for(['Directory', 'Location', 'Files'])('in <%s>', async (kind, { httpd }) => {
    httpd.config.muse().section(kind, '/x', ...rightIn('htaccess', 'directory'));
    expect(await httpd.check()).toEqual({ ok: true, said: 'Syntax OK' });
  });
});

describe('a directive in the wrong place is refused', () => {
  test.for(examples('host', 'global'))('%s in <Directory>', async (line, { httpd }) => {
    httpd.config.muse().section('Directory', '/x', line);
    const { ok, said } = await httpd.check();
    expect(ok).toBe(false);
    expect(said).toMatch(new RegExp(`${nameOf(line)} .*(not allowed|cannot occur)`));
  });

  test.for(examples('global'))('%s in <VirtualHost>', async (line, { httpd }) => {
    httpd.config.muse().section('VirtualHost', '*', line);
    const { ok, said } = await httpd.check();
    expect(ok).toBe(false);
    expect(said).toContain(`${nameOf(line)} cannot occur within <VirtualHost> section`);
  });

  test('in .htaccess, where only what is an author’s to say may stand', async ({
    httpd,
    provider,
  }) => {
    useModel(httpd, provider);
    const allowed = examples('htaccess');
    const refused = examples('directory', 'host', 'global');
    for (const line of [...allowed, ...refused]) {
      httpd.site.write(`${nameOf(line)}/.htaccess`, `${line}\n`);
      httpd.site.write(`${nameOf(line)}/a.txt`, 'a');
    }
    httpd.config.section('Directory', httpd.site.root, 'AllowOverride FileInfo');
    await httpd.start();
    for (const line of allowed) {
      expect([line, (await httpd.get(`/${nameOf(line)}/a.txt`)).status]).toEqual([line, 200]);
    }
    for (const line of refused) {
      httpd.log.expect(new RegExp(`\\.htaccess: ${nameOf(line)} not allowed here`));
      expect([line, (await httpd.get(`/${nameOf(line)}/a.txt`)).status]).toEqual([line, 500]);
    }
  });

  test('and a wrong value in .htaccess is told in the log', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('.htaccess', 'MuseAiCacheTTL soon\n');
    httpd.site.write('a.ai', 'Write about the sea.');
    await httpd.start();
    httpd.log.expect(/\.htaccess: MuseAiCacheTTL: "soon" is not a whole number of seconds/);
    expect((await httpd.get('/a')).status).toBe(500);
  });
});

describe('settings are inherited one by one', () => {
  test('from the server into a directory', async ({ httpd, provider }) => {
    useModels(httpd, provider);
    httpd.site.write('a.ai', 'Write about the sea.');
    httpd.config
      .lines('MuseAiCacheTTL 77', 'MuseAiModel scripted')
      .section('Directory', httpd.site.root, 'MuseAiEnable On', 'MuseAiModel other');
    await httpd.start();
    expect(await inForce(httpd, provider, '/a')).toEqual({
      model: 'other',
      cacheControl: 'max-age=77',
      maxTokens: 16_384,
      vary: 'Accept,X-Muse-Model',
    });
  });

  test('from a directory into the ones below, and into their .htaccess', async ({
    httpd,
    provider,
  }) => {
    useModels(httpd, provider);
    for (const folder of ['up', 'up/down']) httpd.site.write(`${folder}/a.ai`, `Write: ${folder}`);
    httpd.site.write('up/down/.htaccess', 'MuseAiCacheTTL 7\n');
    httpd.config
      .lines('MuseAiEnable On')
      .section('Directory', httpd.site.path('up'), 'MuseAiCacheTTL 100', 'MuseAiModel other')
      .section('Directory', httpd.site.path('up/down'), 'MuseAiMaxTokens 5')
      .section('Location', '/up/down', 'MuseAiModelHeader X-Pick');
    await httpd.start();
    expect(await inForce(httpd, provider, '/up/a')).toEqual({
      model: 'other',
      cacheControl: 'max-age=100',
      maxTokens: 16_384,
      vary: 'Accept,X-Muse-Model',
    });
    expect(await inForce(httpd, provider, '/up/down/a')).toEqual({
      model: 'other',
      cacheControl: 'max-age=7',
      maxTokens: 5,
      vary: 'Accept,X-Pick',
    });
  });

  test('from the server into virtual hosts, which change only what they name', async ({
    httpd,
    provider,
  }) => {
    useModels(httpd, provider);
    const main = ['MuseAiMaxTokens 111', 'MuseAiModelHeader X-Pick', 'MuseAiCacheTTL 50'];
    httpd.config
      .lines('MuseAiEnable On', ...main)
      .section('VirtualHost', '*', 'ServerName plain.test', documents(httpd))
      .section('VirtualHost', '*', 'ServerName own.test', documents(httpd), 'MuseAiCacheTTL 60')
      .section(
        'VirtualHost',
        '*',
        ...['ServerName deep.test', documents(httpd), 'MuseAiModel other'],
        `<Directory "${httpd.site.root}">`,
        'MuseAiMaxTokens 222',
        '</Directory>',
      );
    httpd.site.write('a.ai', 'Write about {{ query.n }}.');
    await httpd.start();
    const plain = { cacheControl: 'max-age=50', maxTokens: 111, vary: 'Accept,X-Pick' };
    expect(await inForce(httpd, provider, '/a?n=1', 'plain.test')).toEqual({
      ...{ model: scriptedModel, ...plain },
    });
    expect(await inForce(httpd, provider, '/a?n=2', 'own.test')).toEqual({
      ...{ model: scriptedModel, ...plain, cacheControl: 'max-age=60' },
    });
    expect(await inForce(httpd, provider, '/a?n=3', 'deep.test')).toEqual({
      ...{ model: 'other', ...plain, maxTokens: 222 },
    });
  });
});

function useModels(httpd: Httpd, provider: ScriptedProvider): void {
  const models = [scriptedModel, 'other'].map((name) => ({ name, endpoint: provider.url }));
  httpd.config.muse({ models: { models } });
}

const documents = (httpd: Httpd) => `DocumentRoot "${httpd.site.root}"`;

/** The settings that an answer, and what the provider was asked, show. */
async function inForce(httpd: Httpd, provider: ScriptedProvider, path: string, host = 'localhost') {
  const result = await httpd.get(path, { headers: { Host: host } });
  expect(result.status).toBe(200);
  const asked = provider.requests.at(-1);
  return {
    model: asked?.model,
    maxTokens: asked?.field('max_tokens') ?? asked?.field('max_completion_tokens'),
    cacheControl: result.headers['cache-control'],
    vary: result.headers.vary,
  };
}
