import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith, muse, museJson } from './muse.ts';

const models = (...entries: readonly object[]) => JSON.stringify({ models: entries }, null, 2);
const writer = { name: 'writer', endpoint: 'http://127.0.0.1:1' };

test('a site without mistakes passes', async () => {
  const cwd = folderWith({
    'models.json': models(writer),
    'prompts/system_prompt.ai': 'You write {{ what is no template }}.',
    'htdocs/index.ai': '---\nmodel: writer\n---\nWrite about {{ query.topic }}.',
    'htdocs/logo.ai': '%PDF-1.5 of Adobe Illustrator \u0000',
    'htdocs/readme.txt': '{{ not a page',
  });
  expect(await muse(['check'], { cwd })).toEqual({
    status: 0,
    out: '3 files checked: 0 errors, 0 warnings\n',
    err: '',
  });
});

test('every mistake is told at once, with its place', async () => {
  const cwd = folderWith({
    'models.json':
      '{"models": [\n  {"name": "writer", "temprature": 1, "endpoint": "ftp://x"},\n' +
      '  {"name": "", "ttl": -1}\n]}',
    'a.ai': '---\nttl: soon\nlanguage: de\n---\nWrite.\n{{ visitor }}\n',
    'b.ai': 'Write.\n{% if query.x %}\n',
    'c.ai': '   ',
    'd.ai': new Uint8Array([0x57, 0xff, 0xfe]),
    'e.ai': '---\nmodel: writer\n',
  });
  const { status, json } = await museJson(['check'], { cwd });
  expect(status).toBe(1);
  expect(json).toMatchObject({ ok: false, files: 6 });
  const places = json.problems.map((problem: Record<string, unknown>) =>
    [problem.file, problem.line, problem.field, problem.severity].filter(Boolean).join(' '),
  );
  expect(places.map((place: string) => place.replace(`${cwd}/`, ''))).toEqual([
    'models.json 2 models[0].endpoint error',
    'models.json 2 models[0].temprature error',
    'models.json 3 models[1].name error',
    'models.json 3 models[1].ttl error',
    'a.ai 2 ttl error',
    'a.ai 3 language error',
    'a.ai 6 error',
    'b.ai 2 error',
    'c.ai error',
    'd.ai error',
    'e.ai 1 error',
  ]);
  const messages = json.problems.map(({ message }: { message: string }) => message).join('\n');
  expect(messages).toContain('Did you mean "temperature"?');
  expect(messages).toContain('there is no "visitor" for a page');
  expect(messages).toContain('save it as UTF-8');
});

test('what can’t be looked at is told of, and the rest is checked', async () => {
  const cwd = folderWith({ 'a.ai': 'Write.', 'c.ai': '---\nttl: soon\n---\nWrite.' });
  symlinkSync('b.ai', join(cwd, 'b.ai')); // for root, too
  const { status, out, err } = await muse(['check'], { cwd });
  expect([status, err]).toEqual([1, '']);
  expect(out).toMatch(/^b\.ai: error: it can’t be looked at \(ELOOP\)$/m);
  expect(out).toMatch(/^c\.ai:2:1: error: ttl: /m);
  const named = await muse(['check', 'b.ai'], { cwd });
  expect([named.status, named.out]).toEqual([1, '']);
  expect(named.err).toMatch(/^error: .*\/b\.ai: it can’t be looked at \(ELOOP\)\.\n$/);
});

test('for people a line has place, kind and message', async () => {
  const cwd = folderWith({ 'a.ai': '---\nttl: soon\n---\nWrite.' });
  const { status, out } = await muse(['check', 'a.ai'], { cwd });
  expect(status).toBe(1);
  expect(out).toMatch(/^a\.ai:2:1: error: ttl: .+\n1 file checked: 1 error, 0 warnings\n$/);
});

describe('a page’s model', () => {
  const cwd = () =>
    folderWith({
      'models.json': models(writer),
      'page.ai': '---\nmodel: writter\n---\nWrite.',
    });

  test('has to be in models.json', async () => {
    const { status, json } = await museJson(['check', 'page.ai'], { cwd: cwd() });
    expect(status).toBe(1);
    expect(json.problems).toEqual([
      {
        file: 'page.ai',
        field: 'model',
        severity: 'error',
        message: 'there is no model "writter"; there are: writer. Did you mean "writer"?',
      },
    ]);
  });

  test('is not looked at where models.json has mistakes of its own', async () => {
    const folder = folderWith({ 'models.json': '{', 'page.ai': '---\nmodel: x\n---\nWrite.' });
    const { json } = await museJson(['check', 'page.ai'], { cwd: folder });
    expect(json.problems).toHaveLength(1);
    expect(json.problems[0].message).toContain('no JSON');
  });
});

test('a variable that is not set is a warning, which counts with --strict', async () => {
  const cwd = folderWith({ 'models.json': models({ ...writer, api_key: `\${SOME_KEY}` }) });
  const { status, json } = await museJson(['check'], { cwd });
  expect([status, json.ok]).toEqual([0, true]);
  expect(json.problems).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('SOME_KEY') },
  ]);
  expect((await muse(['check', '--strict'], { cwd })).status).toBe(1);
  expect((await muse(['check', '--strict'], { cwd, env: { SOME_KEY: 'x' } })).status).toBe(0);
});

test('a prompt that can’t be read is found', async () => {
  const cwd = folderWith({ 'prompts/layout.min.ai': new Uint8Array([0xff]) });
  const { status, json } = await museJson(['check', 'prompts'], { cwd });
  expect(status).toBe(1);
  expect(json.problems).toMatchObject([{ file: 'prompts/layout.min.ai', severity: 'error' }]);
});

test('a mistake in an included file is told once, with its own place', async () => {
  const cwd = folderWith({
    'a.ai': "{% include 'parts/shared' %}",
    'b.ai': "{% include 'parts/shared' %}",
    'parts/shared.txt': 'One\n{{ nobody }}\n',
    'c.ai': "{% include 'elsewhere' %}",
    'prompts/elsewhere.ai': 'Write.',
  });
  const { json } = await museJson(['check'], { cwd });
  expect(json.problems).toMatchObject([
    { file: 'parts/shared.txt', line: 2, severity: 'error' },
    { file: 'c.ai', line: 1, message: expect.stringContaining('elsewhere') },
  ]);
  const found = await museJson(['check', 'c.ai', '--prompts', 'prompts'], { cwd });
  expect([found.status, found.json.problems]).toEqual([0, []]);
});

test('what is named has to be there', async () => {
  const cwd = folderWith({});
  const missing = await muse(['check', 'nothing.ai'], { cwd });
  expect([missing.status, missing.err]).toEqual([
    1,
    `error: ${cwd}/nothing.ai: there is no such file or folder.\n`,
  ]);
  const models = await muse(['check', '--models', 'no.json'], { cwd });
  expect([models.status, models.err]).toEqual([
    1,
    'error: no.json: there is no such file (--models).\n',
  ]);
});
