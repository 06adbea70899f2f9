/** Whatever goes wrong, a program is told in the way that OpenAI's clients understand. */

import { describe, expect } from 'vitest';
import { scriptedModel, test } from '../harness/index.ts';
import { curl, errorOf, openDoor, post, program, question, refused } from './open-door.ts';

describe('a request that can’t be taken', () => {
  test('is told what is wrong with it', async ({ httpd, provider }) => {
    openDoor(httpd, provider);
    await httpd.start();
    const cases: [body: unknown, param: string | null, code: string][] = [
      ['{"model": ', null, 'invalid_json'],
      ['', null, 'invalid_json'],
      ['[]', null, 'invalid_value'],
      [{ model: scriptedModel }, 'messages', 'invalid_value'],
      [{ ...question, messages: [] }, 'messages', 'invalid_value'],
      [
        { ...question, messages: [{ role: 'king', content: '' }] },
        'messages[0].role',
        'invalid_value',
      ],
      [
        { ...question, messages: [{ role: 'user', content: [{ type: 'video' }] }] },
        'messages[0].content',
        'invalid_value',
      ],
      [{ ...question, temperature: 'hot' }, 'temperature', 'invalid_value'],
      [{ ...question, n: 2 }, 'n', 'invalid_value'],
      [{ ...question, store: true }, 'store', 'invalid_value'],
      [{ ...question, service_tier: 'priority' }, 'service_tier', 'invalid_value'],
      [{ ...question, tools: [{ type: 'web_search' }] }, 'tools[0].type', 'invalid_value'],
      [{ ...question, temprature: 1 }, 'temprature', 'unknown_parameter'],
      [{ ...question, models: ['dear'] }, 'models', 'unknown_parameter'],
      [{ ...question, cache: { 'no-cache': true } }, 'cache', 'unknown_parameter'],
    ];
    for (const [body, param, code] of cases) {
      const error = await refused(httpd, body);
      expect([error.status, error.type, error.param, error.code]).toEqual([
        400,
        'invalid_request_error',
        param,
        code,
      ]);
    }
    expect((await refused(httpd, { ...question, temprature: 1 })).message).toContain(
      '"temperature"',
    );
    expect((await refused(httpd, { ...question, cache: {} })).message).toContain('Cache-Control');
    expect(provider.received).toBe(0);
    expect(httpd.log.text).not.toContain('heron');
  });

  test('names a model that is there, a path that is, and the right method', async ({
    httpd,
    provider,
  }) => {
    openDoor(httpd, provider);
    await httpd.start();
    await expect(
      program(httpd).chat.completions.create({ ...question, model: 'nobody' }),
    ).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
    await expect(program(httpd).models.retrieve('nobody')).rejects.toMatchObject({
      code: 'model_not_found',
    });
    await expect(
      program(httpd).embeddings.create({ model: scriptedModel, input: 'heron' }),
    ).rejects.toMatchObject({ status: 404, code: 'unknown_url' });
    const url = '/llm/v1/chat/completions';
    const got = await httpd.get(url);
    expect([errorOf(got).status, got.headers.allow]).toEqual([405, 'POST, OPTIONS']);
    for (const method of ['PUT', 'DELETE', 'BREW']) {
      const other = await httpd.get(url, { method });
      expect([errorOf(other).status, other.headers.allow]).toEqual([
        405,
        'GET, HEAD, POST, OPTIONS',
      ]);
    }
    const options = await httpd.get(url, { method: 'OPTIONS' });
    expect([options.status, options.headers.allow]).toEqual([200, 'GET, HEAD, POST, OPTIONS']);
    const head = await httpd.get('/llm/v1/models', { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
  });

  test('is small enough, whether it says its size beforehand or not', async ({
    httpd,
    provider,
  }) => {
    openDoor(httpd, provider, 'MuseAiSecurityMaxRequestSize 2K');
    httpd.config.section('Location', '/llm/tight', 'LimitRequestBody 50');
    await httpd.start();
    const large = { ...question, messages: [{ role: 'user', content: 'x'.repeat(3_000) }] };
    expect((await refused(httpd, large)).code).toBe('request_too_large');
    const chunks = ['-H', 'Transfer-Encoding: chunked', '--data-binary', '@-'];
    const chunked = await curl(
      [...chunks, `${httpd.url}/llm/v1/chat/completions`],
      JSON.stringify(large),
    );
    expect([chunked.status, JSON.parse(chunked.body).error.code]).toEqual([
      413,
      'request_too_large',
    ]);
    const tight = await post(httpd, question, { path: '/tight/v1/chat/completions' }).done;
    expect(errorOf(tight).status).toBe(413);
    expect(provider.received).toBe(0);
  });

  test('comes in time', async ({ httpd, provider }) => {
    openDoor(httpd, provider);
    httpd.config.modules('reqtimeout').lines('RequestReadTimeout body=1');
    await httpd.start();
    const slow = await curl([
      '-H',
      'Content-Length: 100',
      '-H',
      'Content-Type: application/json',
      '-X',
      'POST',
      '-d',
      '{',
      `${httpd.url}/llm/v1/chat/completions`,
    ]);
    expect([slow.status, JSON.parse(slow.body).error.code]).toEqual([408, 'request_timeout']);
    httpd.log.allow(/AH01382/);
  });
});
