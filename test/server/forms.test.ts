import { Agent } from 'node:http';
import { describe, expect } from 'vitest';
import {
  enablePages,
  modelsAt,
  namesOf,
  scriptedPage,
  test,
  textOf,
  waitUntil,
} from '../harness/index.ts';
import { json, lastPrompt, letterTo, post, prepare, urlencoded } from './form-pages.ts';

const methods = (allow = '') =>
  allow
    .split(/,\s*/)
    .filter((name) => name !== 'TRACE')
    .sort();

describe.each(['event', 'worker', 'prefork'] as const)('on the %s MPM a form', (mpm) => {
  test('reaches the model, from a browser or a program', async ({ httpd, provider }) => {
    httpd.config.mpm = mpm;
    prepare(httpd, provider);
    await httpd.start();
    const form = new FormData();
    form.append('name', 'Ann & <Bob>');
    const multipart = new Response(form);
    const bodies: [string | Uint8Array, Record<string, string>][] = [
      ['name=Ann+%26+%3CBob%3E', urlencoded],
      ['{"name": "Ann & <Bob>"}', json],
      [
        new Uint8Array(await multipart.arrayBuffer()),
        { 'Content-Type': multipart.headers.get('content-type') ?? '' },
      ],
    ];
    for (const [body, headers] of bodies) {
      const { status, text, headers: answer } = await post(httpd, '/letter', body, headers);
      expect([status, text]).toEqual([200, scriptedPage]);
      expect(answer).toMatchObject({
        'cache-control': 'no-store',
        'cache-status': 'muse; fwd=method',
      });
      expect(lastPrompt(provider)).toBe(letterTo('Ann &amp; &lt;Bob&gt;'));
    }
    expect(provider.received).toBe(3);
  });

  test('may be long', async ({ httpd, provider }) => {
    httpd.config.mpm = mpm;
    prepare(httpd, provider, 'MuseAiMaxInput 256K');
    await httpd.start();
    const name = 'Ann '.repeat(60_000);
    for (const headers of [{}, { 'Transfer-Encoding': 'chunked' }]) {
      const body = `name=${name.replaceAll(' ', '%20')}`;
      const sent = await post(httpd, '/letter', body, { ...urlencoded, ...headers });
      expect(sent.status).toBe(200);
      expect(lastPrompt(provider)).toBe(letterTo(name));
    }
  });
});

describe('the answer to a form', () => {
  test('has nothing to do with the page that GET gets', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    await httpd.get('/letter');
    expect((await httpd.get('/letter')).headers['cache-status']).toContain('muse; hit');
    expect((await post(httpd, '/letter', 'name=Ann')).headers['cache-status']).toContain('method');
    expect(lastPrompt(provider)).toBe(letterTo('Ann'));
    // Without a field the prompt is that of the page, but whoever sends a form wants an answer.
    await post(httpd, '/letter', '');
    expect(provider.received).toBe(3);
    expect((await httpd.get('/letter')).headers['cache-status']).toContain('muse; hit');
    expect(provider.received).toBe(3);
  });

  test('is kept where the page says so, each for its own fields', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    httpd.site.write('kept.ai', '---\ncache_post: true\n---\nA letter to {{ form.name }}.');
    await httpd.start();
    const status = async (body: string, headers?: Record<string, string>) =>
      (await post(httpd, '/kept', body, headers)).headers['cache-status'];
    expect(await status('name=Ann')).toBe('muse; fwd=uri-miss; stored');
    expect(await status('name=Ann')).toMatch(/^muse; hit/);
    expect(await status('{"name": "Ann"}', json)).toMatch(/^muse; hit/);
    expect(await status('name=Bob')).toBe('muse; fwd=uri-miss; stored');
    expect((await httpd.get('/kept')).headers['cache-status']).toBe('muse; fwd=uri-miss; stored');
    expect(provider.received).toBe(3);
  });

  test('is limited as a page is', async ({ httpd, provider }) => {
    prepare(httpd, provider, 'MuseAiRateLimitRPM 1', 'MuseAiRateLimitBurstSize 2');
    await httpd.start();
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await post(httpd, '/letter', 'name=A')).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  test('comes as events, and later at a place of its own', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    const events = await post(httpd, '/letter', 'name=Ann', {
      ...urlencoded,
      Accept: 'text/event-stream',
    });
    expect([events.headers['content-type'], textOf(events.text)]).toEqual([
      'text/event-stream',
      scriptedPage,
    ]);
    expect(namesOf(events.text).at(-1)).toBe('done');
    const away = await post(httpd, '/letter', 'name=Bob', {
      ...urlencoded,
      Prefer: 'respond-async',
    });
    expect(away.status).toBe(202);
    const answer = await waitUntil('the answer', async () => {
      const result = await httpd.get(away.headers.location ?? '');
      return result.status !== 202 && result;
    });
    expect([answer.status, answer.text]).toEqual([200, scriptedPage]);
    expect(lastPrompt(provider)).toBe(letterTo('Bob'));
  });

  test('comes over HTTP/2', async ({ httpd, provider }) => {
    httpd.config.modules('http2').tls('Protocols h2 http/1.1');
    prepare(httpd, provider);
    await httpd.start();
    const client = httpd.http2();
    try {
      const sent = { method: 'POST', headers: { 'content-type': 'application/json' } };
      const ask = (body: string) => client.open('/letter', { ...sent, body }).done;
      const { status, text } = await ask('{"name": "Ann"}');
      expect([status, text]).toEqual([200, scriptedPage]);
      expect(lastPrompt(provider)).toBe(letterTo('Ann'));
      const large = JSON.stringify({ name: 'x'.repeat(100_000) });
      expect((await ask(large)).status).toBe(413);
      expect((await ask('{')).status).toBe(400);
    } finally {
      await client.close();
    }
  });

  test('comes at the index of a folder', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    httpd.config.lines('DirectoryIndex index.html index.ai');
    httpd.site.write('folder/index.ai', 'A letter to {{ form.name }}.');
    await httpd.start();
    expect((await httpd.get('/folder/')).status).toBe(200);
    expect((await post(httpd, '/folder/', 'name=Ann')).status).toBe(200);
    expect(lastPrompt(provider)).toBe(letterTo('Ann'));
  });
});

describe('a method', () => {
  test('is there where the page does something with it', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    httpd.site.write('part.ai', '{{ form.name }}');
    httpd.site.write('whole.ai', 'A letter to {% include "part" %}.');
    httpd.site.write('drawing.ai', '%PDF-1.5 a drawing');
    await httpd.start();
    const plain = ['GET', 'HEAD', 'OPTIONS'];
    for (const [path, all] of [
      ['/page', plain],
      ['/letter', [...plain, 'POST'].sort()],
      ['/whole', [...plain, 'POST'].sort()],
    ] as const) {
      const options = await httpd.get(path, { method: 'OPTIONS' });
      expect([path, options.status, methods(options.headers.allow)]).toEqual([path, 200, all]);
      expect(options.headers['content-type']).toBeUndefined();
      for (const method of ['PUT', 'DELETE', 'BREW']) {
        const refused = await httpd.get(path, { method });
        expect([path, refused.status, methods(refused.headers.allow)]).toEqual([path, 405, all]);
      }
    }
    const refused = await post(httpd, '/page', 'name=Ann');
    expect([refused.status, methods(refused.headers.allow)]).toEqual([405, plain]);
    expect((await httpd.get('/drawing.ai', { method: 'OPTIONS' })).status).toBe(200);
    expect(provider.received).toBe(0);
    expect(httpd.log.matching(283)).not.toEqual([]);
  });

  test('that is refused leaves the connection to the next request', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    await httpd.get('/page');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<unknown>();
    agent.on('free', (socket) => sockets.add(socket));
    const ask = async (path: string, method: string, headers = {}) =>
      (await httpd.get(path, { agent, method, headers, body: 'name=Ann' })).status;
    for (let i = 0; i < 2; i++) {
      expect(await ask('/page', 'POST', urlencoded)).toBe(405);
      expect(await ask('/letter', 'POST', { 'Content-Type': 'text/plain' })).toBe(415);
      expect(await ask('/letter', 'POST', json)).toBe(400);
      expect((await httpd.get('/page', { agent })).status).toBe(200);
    }
    // A form that was read was waited for, and so was its refusal.
    expect(sockets.size).toBeLessThanOrEqual(8);
    agent.destroy();
  });
});

test('a page names its limits by status: its values, its type, its form', async ({
  httpd,
  provider,
}) => {
  prepare(httpd, provider, 'MuseAiMaxInput 100');
  httpd.site.write('topic.ai', 'Write about {{ query.topic }}.');
  await httpd.start();
  expect((await httpd.get(`/topic?topic=${'x'.repeat(100)}`)).status).toBe(414);
  expect((await post(httpd, '/letter', `name=${'x'.repeat(100)}`)).status).toBe(413);
  expect((await post(httpd, '/letter', 'name=Ann', { 'Content-Type': 'text/csv' })).status).toBe(
    415,
  );
  const gzip = { ...urlencoded, 'Content-Encoding': 'gzip' };
  expect((await post(httpd, '/letter', 'name=Ann', gzip)).status).toBe(415);
  expect((await post(httpd, '/letter', '[]', json)).status).toBe(400);
  for (const number of [280, 281, 282]) expect(httpd.log.matching(number)).not.toEqual([]);
  expect(httpd.log.text).not.toContain('xxxx');
  expect(provider.received).toBe(0);
});

test('two pages of several engines and children take forms', async ({ httpd, provider }) => {
  const models = modelsAt(provider, 'scripted');
  httpd.config.muse({ models, lines: ['MuseAiEngines 2'] });
  enablePages(httpd, provider);
  for (const name of ['a', 'b', 'c', 'd']) {
    httpd.site.write(`${name}.ai`, `Letter ${name} to {{ form.name }}.`);
  }
  await httpd.start();
  const all = ['a', 'b', 'c', 'd'].map((name) => post(httpd, `/${name}`, 'name=Ann'));
  for (const { status } of await Promise.all(all)) expect(status).toBe(200);
});
