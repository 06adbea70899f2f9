import { renameSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { ModelSource } from '../../src/models/source.ts';
import { Secrets } from '../../src/secrets.ts';
import { watchPaths } from '../../src/watch.ts';
import { ManualClock } from './support/clock.ts';
import { temporaryFolder } from './support/folder.ts';
import { ListLog } from './support/log.ts';
import { MemoryRegion } from './support/region.ts';

const backends = [{ server: 'main:80', endpoint: 'http://default', apiKey: 'k' }];
const file = (...names: string[]) => JSON.stringify({ models: names.map((name) => ({ name })) });

/** A source whose file is `text`; a test changes it. */
function open(text: string | Error | undefined, environment = {}) {
  const clock = new ManualClock();
  const table = new MemoryRegion(clock);
  const log = new ListLog();
  const secrets = new Secrets();
  const state = { text };
  const settings = {
    modelsFile: '/etc/models.json',
    modelsWhere: '/etc/muse.conf:12',
    backends,
    environment,
  };
  const read = async (path: string): Promise<string> => {
    expect(path).toBe('/etc/models.json');
    if (typeof state.text === 'string') return state.text;
    throw state.text ?? Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
  };
  const source = new ModelSource({ settings, table, clock, secrets, log, read });
  const names = () => [...source.registry.models.keys()];
  return { clock, table, log, secrets, state, source, names };
}

const wishes = { chosen: undefined, page: undefined, directory: undefined };

describe('models.json', () => {
  test('is published to httpd when it is read, default first or not', async () => {
    const { source, table, log, state } = open(
      '{"default_model": "b", "models": [{"name": "a"}, {"name": "b", "ttl": 9}]}',
    );
    await source.load();
    expect(table.models.map(({ name, ttl }) => [name, ttl])).toEqual([
      ['a', undefined],
      ['b', 9],
    ]);
    expect(table.defaultIndex).toBe(1);
    expect(log.events).toEqual([
      { event: 'models-loaded', text: '/etc/models.json: 2 models (a, b); the default is b' },
    ]);
    state.text = file('c');
    await source.load();
    expect(table.models.map(({ name }) => name)).toEqual(['c']);
    expect(source.choose(wishes, log).name).toBe('c');
  });

  test('that has not changed is not read twice', async () => {
    const { source, table, log } = open(file('a'));
    await source.load();
    await source.load();
    expect([table.published, log.events.length]).toEqual([1, 1]);
  });

  test('changes nothing while it is invalid, which is said once for each mistake', async () => {
    const { source, names, log, table, state } = open(file('a'));
    await source.load();
    state.text = '{"models": [\n{"name": "b"';
    await source.load();
    await source.load();
    expect(names()).toEqual(['a']);
    expect(table.published).toBe(1);
    expect(log.names).toEqual(['models-loaded', 'models-invalid']);
    expect(log.events[1]?.text).toBe(
      '/etc/models.json:2:13: no JSON: the text ends where there should be a "," or "}"; ' +
        'the models stay as they were (MuseAiModels at /etc/muse.conf:12)',
    );
    state.text = file('b');
    await source.load();
    expect(names()).toEqual(['b']);
    state.text = '{"models": [\n{"name": "b"';
    await source.load();
    expect(log.names.slice(2)).toEqual(['models-loaded', 'models-invalid']);
  });

  test('that comes back as it was is said to be well again', async () => {
    const { source, log, state } = open(file('a'));
    await source.load();
    state.text = '{';
    await source.load();
    state.text = file('a');
    await source.load();
    expect(log.names).toEqual(['models-loaded', 'models-invalid', 'models-loaded']);
  });

  test('that is removed stays in force', async () => {
    const { source, names, log, state } = open(file('a'));
    await source.load();
    state.text = undefined;
    await source.load();
    expect(names()).toEqual(['a']);
    expect(log.names).toEqual(['models-loaded', 'models-removed']);
  });

  test('that is not there at first is told with what to do, and read when it comes', async () => {
    const { source, names, log, state, table } = open(undefined);
    await source.load();
    expect(log.events).toMatchObject([
      {
        event: 'models-absent',
        text: expect.stringMatching(/^\/etc\/models\.json does not exist; .*muse\.conf:12/),
      },
    ]);
    expect(table.models).toEqual([]);
    expect(() => source.choose(wishes, log)).toThrow(/MuseAiModels/);
    state.text = file('a');
    await source.load();
    expect(names()).toEqual(['a']);
  });

  test('that may not be read is told with the system’s reason, and with what to do', async () => {
    const { source, log } = open(Object.assign(new Error('EACCES: denied'), { code: 'EACCES' }));
    await source.load();
    expect(log.events).toMatchObject([
      {
        event: 'models-invalid',
        text: expect.stringMatching(/EACCES: denied; let httpd’s User read it/),
      },
    ]);
  });

  test('makes its keys known as secrets, and says which variable a model lacks', async () => {
    const models = [
      { name: 'a', api_key: `\${KEY_A}`, headers: { 'X-Token': 'token-of-a' } },
      { name: 'b', api_key: `\${KEY_B}` },
    ];
    const { source, log, secrets } = open(JSON.stringify({ models }), { KEY_A: 'the-key-a' });
    await source.load();
    expect(secrets.redact('the-key-a token-of-a')).toBe('[hidden] [hidden]');
    expect(log.events[1]).toMatchObject({
      event: 'model-without-variable',
      text: expect.stringMatching(/"b".*KEY_B.*PassEnv KEY_B/),
    });
    await source.load();
    expect(log.events).toHaveLength(2);
  });
});

describe('an unknown model', () => {
  test('is said once in a minute for each name, however often it is asked for', async () => {
    const { source, clock, log } = open(file('a', 'b'));
    await source.load();
    const ask = (chosen: string) => source.choose({ ...wishes, chosen }, log).name;
    for (let i = 0; i < 5; i++) expect(ask('x')).toBe('a');
    ask('y');
    expect(log.names.slice(1)).toEqual(['model-unknown', 'model-unknown']);
    expect(log.events[1]?.text).toBe(
      'there is no model "x"; the default "a" is used. There are: a, b',
    );
    clock.advance(60_000);
    ask('x');
    expect(log.names.slice(1)).toHaveLength(3);
  });

  test('can’t fill the memory by its names', async () => {
    const { source, log } = open(file('a'));
    await source.load();
    for (let i = 0; i < 1_000; i++) source.choose({ ...wishes, chosen: `n${i}` }, log);
    source.choose({ ...wishes, chosen: 'n999' }, log);
    expect(log.names.filter((name) => name === 'model-unknown')).toHaveLength(1_000);
  });
});

test('an edit is in force as soon as the watched file is whole', async () => {
  using folder = temporaryFolder();
  const path = folder.at('models.json');
  const log = new ListLog();
  const table = new MemoryRegion(new ManualClock());
  const source = new ModelSource({
    settings: { modelsFile: path, modelsWhere: undefined, backends, environment: {} },
    table,
    clock: systemClock,
    secrets: new Secrets(),
    log,
  });
  const watch = watchPaths([path], {
    clock: systemClock,
    quiet: 5,
    onChange: () => source.load(),
    onError: (error) => log.write('watch-failed', String(error)),
  });
  await watch.ready;
  await source.load();
  expect(log.names).toEqual(['models-absent']);

  writeFileSync(path, file('first').slice(0, 10));
  await log.waitFor('models-invalid');
  writeFileSync(path, file('first'));
  expect(await log.waitFor('models-loaded')).toContain('(first)');
  writeFileSync(folder.at('new'), file('second'));
  renameSync(folder.at('new'), path);
  expect(await log.waitFor('models-loaded', 1)).toContain('(second)');
  expect(table.models.map(({ name }) => name)).toEqual(['second']);
  await watch.close();
});
