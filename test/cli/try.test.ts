import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { modelsAt, scriptedPage, test, waitUntil } from '../harness/index.ts';
import {
  fail,
  finish,
  Gate,
  hold,
  type ScriptedProvider,
  say,
  stream,
  text,
} from '../provider/index.ts';
import { folderWith, inShell, muse, museJson, openMuse } from './muse.ts';

const key = 'sk-0123456789abcdef';
const env = { A_KEY: key };

function siteAt(provider: ScriptedProvider): string {
  const models = modelsAt(provider, { name: 'writer', api_key: `\${A_KEY}`, retries: 0 });
  return folderWith({ 'models.json': JSON.stringify(models), 'page.ai': 'Write about bees.' });
}

const beginning = '<!doctype html><html lang="en"><head><title>Bees</title></head><body><p>Once';

test('the page comes as it is written', async ({ provider }) => {
  const gate = new Gate();
  const end = ' upon a time.</p></body></html>';
  provider.script('writer', stream([text(beginning), hold(gate), text(end), finish()]));
  const call = openMuse(['try', 'page.ai'], { cwd: siteAt(provider), env });
  await call.shows('Once');
  expect(call.out).not.toContain('upon');
  gate.open();
  expect(await call.ended).toBe(0);
  expect(call.out).toBe(`${beginning}${end}`);
  expect(call.err).toMatch(/^\d+ bytes; the first after \d+ ms, all after \d+ ms\n$/);
  expect((await provider.request(0)).headers.authorization).toBe(`Bearer ${key}`);
});

test('Ctrl-C ends the call to the provider', async ({ provider }) => {
  provider.script('writer', stream([text(beginning), hold(new Gate())]));
  const call = openMuse(['try', 'page.ai'], { cwd: siteAt(provider), env });
  await call.shows('Once');
  call.interrupt();
  expect(await call.ended).toBe(130);
  expect(await (await provider.request(0)).settled).toBe('aborted');
});

test('a reader who leaves ends it quietly, and the call with it', async ({ provider }) => {
  const gate = new Gate();
  const steps = [text(beginning), hold(gate), text(' upon'), hold(new Gate())];
  provider.script('writer', stream(steps));
  const cwd = siteAt(provider);
  const reader = '{ head -c 20 >/dev/null; exec <&-; touch left; }';
  const script = `set -o pipefail; muse try page.ai | ${reader}; echo "$?"`;
  const ended = inShell('bash', script, { cwd, env });
  await waitUntil('the reader to leave', () => existsSync(join(cwd, 'left')));
  gate.open();
  const { out, err } = await ended;
  expect([out, err]).toEqual(['141\n', '']);
  expect(await (await provider.request(0)).settled).toBe('aborted');
});

test('a failure is told with its number, and without the key', async ({ provider }) => {
  provider.script('writer', fail(401, { message: `Incorrect API key provided: ${key}` }));
  const { status, out, err } = await muse(['try', 'page.ai'], { cwd: siteAt(provider), env });
  expect([status, out]).toEqual([1, '']);
  expect(err).toMatch(/^error: model "writer" at .+ refused the key.+\(MUSE0240\)\n$/);
  expect(err).not.toContain(key);
});

test('a page that is cut short fails, with the notice in it', async ({ provider }) => {
  provider.script('writer', stream([text(beginning), finish('length')]));
  const { status, out, err } = await muse(['try', 'page.ai'], { cwd: siteAt(provider), env });
  expect(status).toBe(1);
  expect(out).toContain('role="alert"');
  expect(err).toContain('MUSE0252');
});

test('a page that takes no form refuses one', async ({ provider }) => {
  const args = ['try', 'page.ai', '--form', 'a=b'];
  const { status, out, err } = await muse(args, { cwd: siteAt(provider), env });
  expect([status, out]).toEqual([1, '']);
  expect(err).toMatch(/^error: .+ does not use "form"\n$/);
});

test('a key that is not set is named', async ({ provider }) => {
  const { status, err } = await muse(['try', 'page.ai'], { cwd: siteAt(provider) });
  expect([status, err]).toEqual([1, expect.stringContaining('A_KEY')]);
  expect(provider.received).toBe(0);
});

test('--json has the whole page, its times and the log', async ({ provider }) => {
  provider.script('writer', say(scriptedPage));
  const { status, err, json } = await museJson(['try', 'page.ai'], { cwd: siteAt(provider), env });
  expect(status).toBe(0);
  expect(json).toMatchObject({
    file: expect.stringMatching(/page\.ai$/),
    status: 200,
    outcome: 'whole',
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
    notes: { 'muse-model': 'writer', 'muse-key': expect.stringMatching(/^[0-9a-f]{40}$/) },
    body: scriptedPage,
    ms: { firstByte: expect.any(Number), whole: expect.any(Number) },
  });
  expect(json.log.map(({ number }: { number: string }) => number)).toContain('MUSE0230');
  expect(JSON.stringify(json) + err).not.toContain(key);
});

test('a preview needs no provider', async () => {
  const cwd = folderWith({
    'models.json': '{"models": [{"name": "p", "provider": "preview"}]}',
    'page.ai': 'Write about {{ query.topic }}.',
  });
  const { status, out } = await muse(['try', 'page.ai', '-q', 'topic=moss'], { cwd });
  expect([status, out]).toEqual([0, expect.stringContaining('moss')]);
});

test('what the provider is asked ends with the command', async ({ provider }) => {
  provider.script('writer', stream([text(beginning), hold(new Gate())]));
  const call = openMuse(['try', 'page.ai', '--timeout', '1'], { cwd: siteAt(provider), env });
  expect(await call.ended).toBe(1);
  expect(call.err).toContain('MUSE0245');
  await waitUntil('the call to end', () => provider.requests[0]?.aborted);
});
