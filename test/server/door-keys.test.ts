/** Keys that an administrator gives out to programs. */
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { scriptedModel, test, waitUntil } from '../harness/index.ts';
import { fewThreads } from './few-threads.ts';
import { openDoor, post, program, question } from './open-door.ts';

const hashed = (key: string) => `sha256:${createHash('sha256').update(key).digest('hex')}`;
const ann = 'muse-ann-0123456789abcdef';
const bob = 'muse-bob-0123456789abcdef';
const lines = (...names: readonly (readonly [string, string])[]) =>
  `${['# who has a key', '', ...names.map(([name, key]) => `${name}:${hashed(key)}`)].join('\n')}\n`;
const keyed = (key: string) => ({ headers: { Authorization: `Bearer ${key}` } });

describe('with MuseAiClientKeys', () => {
  test('who has a key comes in, and the access log has its name', async ({ httpd, provider }) => {
    const file = httpd.conf.write('keys', lines(['ann', ann], ['bob.b@example.org', bob]));
    openDoor(httpd, provider, `MuseAiClientKeys ${file}`);
    const access = httpd.environment.path('logs', 'access.log');
    httpd.config.lines(`CustomLog ${access} "%u %>s"`);
    await httpd.start();
    await program(httpd, { apiKey: ann }).chat.completions.create(question);
    await program(httpd, { apiKey: bob }).models.list();
    await expect(program(httpd, { apiKey: 'wrong' }).models.list()).rejects.toMatchObject({
      status: 401,
      code: 'invalid_api_key',
      type: 'invalid_request_error',
    });
    const without = await post(httpd, question).done;
    expect([without.status, without.headers['www-authenticate']]).toEqual([
      401,
      'Bearer realm="muse"',
    ]);
    for (const sent of [
      'Basic YW5uOmFubg==',
      `Bearer ${ann}x`,
      'Bearer ',
      `bearer  ${'k'.repeat(5_000)}`,
    ]) {
      const { status } = await post(httpd, question, { headers: { Authorization: sent } }).done;
      expect([sent.slice(0, 9), status]).toEqual([sent.slice(0, 9), 401]);
    }
    expect(
      (await post(httpd, question, { headers: { authorization: `bearer ${ann}` } }).done).status,
    ).toBe(200);
    expect(provider.received).toBe(1);
    expect(provider.requests[0]?.text).not.toContain(ann);
    expect(provider.requests[0]?.headers.authorization).toBeUndefined();
    await httpd.stop();
    const logged = readFileSync(access, 'utf8').trim().split('\n');
    expect(logged.sort()).toEqual([
      ...Array.from({ length: 6 }, () => '- 401'),
      ...['ann 200', 'ann 200', 'bob.b@example.org 200'],
    ]);
    expect(httpd.log.matching(78).length).toBeGreaterThan(4);
    for (const key of [ann, bob, 'wrong']) expect(httpd.log.text).not.toContain(key);
  });

  test('a key of any length is known by its hash', async ({ httpd, provider }) => {
    const keys = [1, 31, 54, 55, 56, 63, 64, 65, 119, 120, 128, 1_000].map((n) => 'k'.repeat(n));
    const file = httpd.conf.write('keys', lines(...keys.map((key, i) => [`n${i}`, key] as const)));
    openDoor(httpd, provider, `MuseAiClientKeys ${file}`);
    await httpd.start();
    for (const key of keys) {
      const { status } = await httpd.get('/llm/v1/models', keyed(key));
      expect([key.length, status]).toEqual([key.length, 200]);
    }
    expect((await httpd.get('/llm/v1/models', keyed('k'.repeat(2)))).status).toBe(401);
  });

  test('a file that could not be read is read once it can be, though it did not change', async ({
    httpd,
    provider,
  }) => {
    const file = httpd.conf.write('keys', lines(['ann', ann]));
    chmodSync(file, 0o000);
    // One child: each reads the file for itself.
    fewThreads(httpd, 8);
    openDoor(httpd, provider, `MuseAiClientKeys ${file}`);
    await httpd.start();
    const status = async () => (await httpd.get('/llm/v1/models', keyed(ann))).status;
    expect(await status()).toBe(401);
    chmodSync(file, 0o644);
    await waitUntil('the key to be known', async () => (await status()) === 200);
    httpd.log.expect(/MUSE0076: .*keys can't be read/);
  });

  test('a folder in place of the file lets nobody in, and the log says why', async ({
    httpd,
    provider,
  }) => {
    fewThreads(httpd, 8);
    openDoor(httpd, provider, `MuseAiClientKeys ${httpd.site.root}`);
    await httpd.start();
    expect((await httpd.get('/llm/v1/models', keyed(ann))).status).toBe(401);
    httpd.log.expect(/MUSE0076: .* can't be read/);
  });

  test('a change of the file holds at once', async ({ httpd, provider }) => {
    const file = httpd.conf.write('keys', lines(['ann', ann]));
    openDoor(httpd, provider, `MuseAiClientKeys ${file}`);
    await httpd.start();
    const statuses = async () => [
      (await httpd.get('/llm/v1/models', keyed(ann))).status,
      (await httpd.get('/llm/v1/models', keyed(bob))).status,
    ];
    expect(await statuses()).toEqual([200, 401]);
    httpd.conf.replace('keys', lines(['bob', bob]));
    expect(await statuses()).toEqual([401, 200]);
    httpd.conf.write('keys', lines(['ann', ann], ['bob', bob]));
    expect(await statuses()).toEqual([200, 200]);
    httpd.conf.remove('keys');
    expect(await statuses()).toEqual([401, 401]);
    httpd.log.expect(/MUSE0076: .*keys can't be read/);
    httpd.conf.write('keys', lines(['ann', ann]));
    expect(await statuses()).toEqual([200, 401]);
  });

  test('a bad line is told with its place, and closes nobody else out', async ({
    httpd,
    provider,
  }) => {
    const bad = [
      'only-a-name',
      `bad name:${hashed(ann)}`,
      `ann:${ann}`,
      'ann:sha256:123',
      `ann:${hashed(ann)}00`,
      `:${hashed(ann)}`,
    ];
    // What is behind the end of a line that is too long is no line of its own.
    const comment = `${'#'.repeat(511)}ann:${hashed(ann)}\n`;
    const file = httpd.conf.write('keys', `${bad.join('\n')}\n${comment}${lines(['bob', bob])}`);
    openDoor(httpd, provider, `MuseAiClientKeys ${file}`);
    chmodSync(file, 0o646);
    const { ok, said } = await httpd.check();
    expect(ok).toBe(true);
    await httpd.start();
    for (const [i, line] of bad.entries()) {
      const place = `MUSE0075: ${file}:${i + 1}: this line`;
      httpd.log.expect(place);
      expect(said).toContain(place);
      expect(line).not.toBe('');
    }
    httpd.log.expect(/MUSE0077: everybody on this machine may write .*keys/);
    expect((await httpd.get('/llm/v1/models', keyed(bob))).status).toBe(200);
    expect((await httpd.get('/llm/v1/models', keyed(ann))).status).toBe(401);
    expect(httpd.log.text).not.toContain(ann);
  });

  test('the limit counts each key, from wherever it comes', async ({ httpd, provider }) => {
    const file = httpd.conf.write('keys', lines(['ann', ann], ['bob', bob]));
    openDoor(
      httpd,
      provider,
      `MuseAiClientKeys ${file}`,
      'MuseAiRateLimitRPM 1',
      'MuseAiRateLimitBurstSize 2',
    );
    await httpd.start();
    const ask = (key: string, i: number) =>
      post(httpd, question, { ...keyed(key), localAddress: `127.0.0.${i}` }).done;
    expect([(await ask(ann, 1)).status, (await ask(ann, 2)).status]).toEqual([200, 200]);
    const over = await ask(ann, 3);
    expect(over.status).toBe(429);
    expect(Number(over.headers['retry-after'])).toBeGreaterThan(0);
    expect(JSON.parse(over.text).error.code).toBe('rate_limit_exceeded');
    expect((await ask(bob, 1)).status).toBe(200);
    expect(httpd.log.matching(/MUSE0032: client ann is over/)).toHaveLength(1);
  });
});

test('without it Require decides, and the limit counts addresses', async ({ httpd, provider }) => {
  openDoor(
    httpd,
    provider,
    'Require ip 127.0.0.1',
    'MuseAiRateLimitRPM 1',
    'MuseAiRateLimitBurstSize 1',
  );
  httpd.config.section('Location', '/llm/v2', 'MuseAiClientKeys Off');
  await httpd.start();
  const statuses: number[] = [];
  for (const localAddress of ['127.0.0.1', '127.0.0.1', '127.0.0.2']) {
    statuses.push((await post(httpd, question, { localAddress }).done).status);
  }
  expect(statuses).toEqual([200, 429, 403]);
  expect(provider.requests[0]?.model).toBe(scriptedModel);
  httpd.log.expect(/AH01630: client denied/);
});
