import { gunzipSync, constants as zlib } from 'node:zlib';
import { describe, expect } from 'vitest';
import {
  type Exchange,
  enablePages,
  type Httpd,
  lastId,
  modelsAt,
  namesOf,
  parseEvents,
  scriptedModel,
  scriptedPage,
  test,
  textOf,
} from '../harness/index.ts';
import {
  fail,
  type Gate,
  type ScriptedProvider,
  stream,
  streamError,
  text,
} from '../provider/index.ts';
import { countedPage, countPages } from './counted-pages.ts';
import { gated, tokens } from './gated-page.ts';

const accept = { Accept: 'text/event-stream' };
const asEvents = { headers: accept };
const page = tokens.join('');

function enable(httpd: Httpd, provider: ScriptedProvider, ...lines: readonly string[]): void {
  enablePages(httpd, provider, ...lines);
  httpd.site.write('page.ai', 'Write about the sea.');
}

/** Sees the first chunk while the provider still holds what follows, then the rest. */
async function expectLive(exchange: Exchange, gate: Gate, seen = () => exchange.text) {
  gate.release(2);
  while (!textOf(seen()).includes('The first piece.') && !exchange.over) await exchange.change();
  expect(textOf(seen())).toContain('The first piece.');
  expect(seen()).not.toContain('The second piece.');
  expect(exchange.over).toBe(false);
  gate.open();
  const result = await exchange.done;
  expect([result.complete, textOf(seen()), namesOf(seen())]).toEqual([
    true,
    page,
    ['chunk', 'done'],
  ]);
  return result;
}

describe('events come as the page is written', () => {
  test('over HTTP/1.1', async ({ httpd, provider }) => {
    enable(httpd, provider);
    const gate = gated(provider);
    await httpd.start();
    const { status, headers } = await expectLive(httpd.open('/page', asEvents), gate);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      vary: 'Accept,X-Muse-Model',
      'cache-status': 'muse; fwd=uri-miss; stored',
    });
  });

  test('compressed by mod_deflate', async ({ httpd, provider }) => {
    httpd.config.modules('filter', 'deflate');
    enable(httpd, provider, 'SetOutputFilter DEFLATE');
    const gate = gated(provider);
    await httpd.start();
    const headers = { ...accept, 'Accept-Encoding': 'gzip' };
    const exchange = httpd.open('/page', { headers });
    const unpacked = () =>
      exchange.bytes.length <= 10
        ? ''
        : gunzipSync(exchange.bytes, { finishFlush: zlib.Z_SYNC_FLUSH }).toString();
    const result = await expectLive(exchange, gate, unpacked);
    expect(result.headers['content-encoding']).toBe('gzip');
  });

  test('over TLS', async ({ httpd, provider }) => {
    httpd.config.tls();
    enable(httpd, provider);
    const gate = gated(provider);
    await httpd.start();
    await expectLive(httpd.open(`${httpd.tlsUrl}/page`, asEvents), gate);
  });

  test('over HTTP/2', async ({ httpd, provider }) => {
    httpd.config.modules('http2').tls('Protocols h2 http/1.1');
    enable(httpd, provider);
    const gate = gated(provider);
    await httpd.start();
    const client = httpd.http2();
    const result = await expectLive(client.open('/page', asEvents), gate);
    expect([result.httpVersion, result.status]).toEqual(['2.0', 200]);
    await client.close();
  });
});

describe('who gets events', () => {
  test.for([
    ['text/event-stream', 'events'],
    ['text/event-stream, */*;q=0.5', 'events'],
    ['text/html;q=0.8, text/event-stream;q=0.9', 'events'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'page'],
    ['text/html, text/event-stream;q=0.9', 'page'],
    ['text/event-stream;q=0, */*', 'page'],
    ['*/*', 'page'],
  ] as const)(
    'Accept: %s gets the %s, cold and cached',
    async ([value, wanted], { httpd, provider }) => {
      enable(httpd, provider);
      await httpd.start();
      for (const status of ['fwd=uri-miss', 'hit']) {
        const result = await httpd.get('/page', { headers: { Accept: value } });
        const isEvents = result.headers['content-type'] === 'text/event-stream';
        expect(isEvents ? 'events' : 'page').toBe(wanted);
        expect(isEvents ? textOf(result.text) : result.text).toBe(scriptedPage);
        expect(result.headers['cache-status']).toContain(status);
        expect(result.headers.vary).toBe('Accept,X-Muse-Model');
      }
      expect(provider.received).toBe(1);
    },
  );

  test('but not as an ErrorDocument, which is a page', async ({ httpd, provider }) => {
    enable(httpd, provider);
    httpd.config.lines('ErrorDocument 404 /page.ai');
    await httpd.start();
    const headers = { ...accept, Prefer: 'respond-async' };
    for (let i = 0; i < 2; i += 1) {
      const result = await httpd.get('/nothing', { headers });
      expect([result.status, result.text]).toEqual([404, scriptedPage]);
    }
  });
});

test('a page that httpd has in its memory comes as events too, and page and events share a call', async ({
  httpd,
  provider,
}) => {
  enable(httpd, provider);
  const gate = gated(provider);
  await httpd.start();
  await httpd.enginesReady();
  const plain = httpd.open('/page');
  await gate.arrived(1);
  const events = httpd.open('/page', asEvents);
  gate.release(2);
  await plain.waitFor('The first piece.');
  await events.waitFor('The first piece.');
  gate.open();
  expect([(await plain.done).text, textOf((await events.done).text)]).toEqual([page, page]);
  const cached = await httpd.get('/page', asEvents);
  expect(textOf(cached.text)).toBe(page);
  expect(parseEvents(cached.text).at(-1)?.data).toEqual({
    model: scriptedModel,
    finish_reason: 'stop',
    cached: true,
  });
  expect(cached.headers['cache-status']).toMatch(/^muse; hit; ttl=\d+$/);
  expect((await httpd.get('/page')).headers['cache-status']).toContain('hit');
  expect(provider.received).toBe(1);
});

test('usage is told where the model reports it', async ({ httpd, provider }) => {
  const model = { name: 'counting', stream_usage: true };
  httpd.config.muse({ models: modelsAt(provider, model), lines: ['MuseAiEnable On'] });
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  const { text: events } = await httpd.get('/page', asEvents);
  expect(parseEvents(events).at(-1)?.data).toMatchObject({
    model: 'counting',
    usage: { input_tokens: expect.any(Number), output_tokens: expect.any(Number) },
  });
});

test('HEAD gets the headers of events, and has nothing written', async ({ httpd, provider }) => {
  enable(httpd, provider);
  await httpd.start();
  const head = { ...asEvents, method: 'HEAD' };
  const cold = await httpd.get('/page', head);
  expect([cold.status, cold.headers['content-type']]).toEqual([200, 'text/event-stream']);
  expect(provider.received).toBe(0);
  await httpd.get('/page');
  const cached = await httpd.get('/page', head);
  expect([cached.status, cached.text]).toEqual([200, '']);
  expect(cached.headers['cache-status']).toContain('hit');
});

describe('a failure', () => {
  test('before the first chunk is an honest status', async ({ httpd, provider }) => {
    enable(httpd, provider);
    provider.script(scriptedModel, fail(401));
    await httpd.start();
    expect((await httpd.get('/page', asEvents)).status).toBe(502);
    httpd.log.expect(240);
  });

  test('after it is an event, and the answer is whole', async ({ httpd, provider }) => {
    enable(httpd, provider);
    const broken = stream([text('<!doctype html><html><body><p>One.</p>'), streamError()]);
    provider.script(scriptedModel, broken);
    await httpd.start();
    const result = await httpd.get('/page', asEvents);
    expect([result.complete, namesOf(result.text)]).toEqual([true, ['chunk', 'error']]);
    expect(textOf(result.text)).toContain('role="alert"');
    httpd.log.expect(243);
  });
});

describe('a client that comes back with Last-Event-ID', () => {
  const comeBack = (httpd: Httpd, id: string, path = '/page') =>
    httpd.open(path, { headers: { ...accept, 'Last-Event-ID': id } });

  test('goes on where it was, while the page is written', async ({ httpd, provider }) => {
    enable(httpd, provider);
    const gate = gated(provider);
    await httpd.start();
    const reader = httpd.open('/page');
    const first = httpd.open('/page', asEvents);
    gate.release(2);
    await Promise.all([first.waitFor('The first piece.'), reader.waitFor('The first piece.')]);
    first.leave();
    const had = textOf(first.text);
    const second = comeBack(httpd, lastId(first.text));
    gate.release(1);
    await second.waitFor('The second piece.');
    expect(second.text).not.toContain('The first piece.');
    gate.open();
    const rest = (await second.done).text;
    expect([had + textOf(rest), namesOf(rest)]).toEqual([page, ['chunk', 'done']]);
    await reader.done;
    expect(provider.received).toBe(1);
  });

  test('goes on in the cache, at whichever engine, and begins again when the page is another', async ({
    httpd,
    provider,
  }) => {
    httpd.config.lines('MuseAiEngines 2');
    enable(httpd, provider);
    countPages(provider);
    await httpd.start();
    await httpd.enginesReady(2);
    const { text: events } = await httpd.get('/page', asEvents);
    const [first] = parseEvents(events);
    const offset = Number.parseInt(first?.id ?? '', 10);
    for (const path of ['/page', '/page.ai']) {
      const rest = await comeBack(httpd, first?.id ?? '', path).done;
      expect(countedPage(1).slice(0, offset) + textOf(rest.text)).toBe(countedPage(1));
      expect(rest.headers['cache-status']).toContain('hit');
    }
    const whole = parseEvents(events).findLast(({ event }) => event === 'chunk')?.id ?? '';
    expect((await httpd.get('/page?cache-bypass=1')).text).toBe(countedPage(2));
    const anew = (await comeBack(httpd, whole).done).text;
    expect(namesOf(anew)).toEqual(['restart', 'chunk', 'done']);
    expect(textOf(anew)).toBe(countedPage(2));
    const over = await comeBack(httpd, lastId(anew)).done;
    expect([over.status, over.text]).toEqual([204, '']);
    expect(provider.received).toBe(2);
  });
});
