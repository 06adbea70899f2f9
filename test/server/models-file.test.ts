import { readFileSync, renameSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { type Httpd, modelsAt, test, waitUntil } from '../harness/index.ts';
import type { ScriptedProvider } from '../provider/index.ts';
import { enabled, writerOf } from './writer-of.ts';

/** What may be said of a file that is written in place: it was read at the wrong moment. */
const HALF_WRITTEN = 211;

describe('models.json', () => {
  /** models.json whose one model is called `upstream` at the provider. */
  const naming = (provider: ScriptedProvider, upstream: string) =>
    modelsAt(provider, { name: 'writer', model: upstream });

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
    httpd.log.allow(HALF_WRITTEN, 213);
  });

  test('reaches every child of httpd when it is edited', async ({ httpd, provider }) => {
    httpd.config.mpm = 'prefork';
    httpd.config.lines('CustomLog logs/access.log "%P %{X-Muse-Model}i %>s"');
    await startWith(httpd, provider);
    const models = modelsAt(provider, 'writer', 'added');
    httpd.conf.writeJson('models.json', models);
    httpd.log.allow(HALF_WRITTEN);
    await httpd.log.waitFor(210, { count: 2 });
    const askedOf = () => {
      const log = readFileSync(httpd.environment.path('logs', 'access.log'), 'utf8');
      const lines = log.split('\n').filter((line) => line.endsWith(' added 200'));
      return new Set(lines.map((line) => line.split(' ')[0])).size;
    };
    await waitUntil('three children to have answered', async () => {
      const all = Array.from({ length: 8 }, (_, i) =>
        writerOf(httpd, `/page?${i}`, { 'X-Muse-Model': 'added' }),
      );
      expect(new Set(await Promise.all(all))).toEqual(new Set(['added']));
      return askedOf() >= 3;
    });
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
    httpd.log.allow(HALF_WRITTEN);
  });

  test('may go away and come back: meanwhile the old one counts', async ({ httpd, provider }) => {
    await startWith(httpd, provider);
    httpd.conf.remove('models.json');
    await httpd.log.waitFor(213);
    expect(await writerOf(httpd, '/page?away')).toBe('first');
    httpd.conf.writeJson('models.json', naming(provider, 'second'));
    await inForce(httpd, 'second');
    httpd.log.expect(213);
    httpd.log.allow(HALF_WRITTEN);
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
    httpd.log.allow(HALF_WRITTEN);
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
});
