import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import {
  enablePages,
  type Httpd,
  lastId,
  modelsAt,
  namesOf,
  type Result,
  scriptedModel,
  scriptedPage,
  test,
  textOf,
  waitUntil,
} from '../harness/index.ts';
import { fail, Gate, hold, type ScriptedProvider, say, stream } from '../provider/index.ts';
import { addPages, becomes } from './administration.ts';
import { gated, tokens } from './gated-page.ts';
import { killed, readyAgain } from './topic-pages.ts';

const prefer = { Prefer: 'respond-async' };
const events = { Accept: 'text/event-stream' };
const page = tokens.join('');

function enable(httpd: Httpd, provider: ScriptedProvider, ...lines: readonly string[]): void {
  enablePages(httpd, provider, ...lines);
  httpd.site.write('page.ai', 'Write about {{ query.topic }}.');
}

/** Is sent away, and returns where to come back to. */
async function sentAway(httpd: Httpd, path = '/page', headers = {}): Promise<string> {
  const result = await httpd.get(path, { headers: { ...prefer, ...headers } });
  expect(result.status).toBe(202);
  return result.headers.location ?? '';
}

/** Comes back until the answer is there. */
function finished(httpd: Httpd, location: string): Promise<Result> {
  return waitUntil('the answer', async () => {
    const result = await httpd.get(location);
    return result.status !== 202 && result;
  });
}

describe('Prefer: respond-async', () => {
  test('gives a place where the page, or its events, are to be had', async ({
    httpd,
    provider,
  }) => {
    enable(httpd, provider);
    const gate = gated(provider);
    await httpd.start();
    const away = await httpd.get('/page?topic=a%20b&cache-bypass=1', { headers: prefer });
    expect([away.status, away.complete]).toEqual([202, true]);
    const { location = '' } = away.headers;
    expect(location).toMatch(/^\/page\?topic=a%20b&muse-job=0-[0-9a-f]{32}$/);
    expect(away.headers).toMatchObject({
      'preference-applied': 'respond-async',
      'retry-after': '2',
      'cache-control': 'no-store',
      'content-type': 'application/json',
    });
    expect(JSON.parse(away.text)).toEqual({ status: 'writing', location });

    await gate.arrived(1);
    expect((await httpd.get(location)).status).toBe(202);
    const live = httpd.open(location, { headers: events });
    gate.release(2);
    await live.waitFor('The first piece.');
    live.leave();
    const again = httpd.open(location, {
      headers: { ...events, 'Last-Event-ID': lastId(live.text) },
    });
    gate.open();
    const rest = (await again.done).text;
    expect([textOf(live.text) + textOf(rest), namesOf(rest)]).toEqual([page, ['chunk', 'done']]);

    const result = await finished(httpd, location);
    expect([result.status, result.text]).toEqual([200, page]);
    expect(result.headers['content-length']).toBe(String(Buffer.byteLength(page)));
    expect(textOf((await httpd.get(location, { headers: events })).text)).toBe(page);
    expect(provider.received).toBe(1);
  });

  test('has the page written without readers, and stored for all', async ({ httpd, provider }) => {
    enable(httpd, provider);
    const gate = gated(provider);
    await httpd.start();
    await httpd.enginesReady();
    const location = await sentAway(httpd);
    gate.open();
    expect(await (await provider.request(0)).settled).toBe('finished');
    expect((await finished(httpd, location)).text).toBe(page);
    const other = await httpd.get('/page');
    expect([other.text, other.headers['cache-status']]).toEqual([
      page,
      expect.stringContaining('hit'),
    ]);
    const asked = await httpd.get('/page', { headers: prefer });
    expect([asked.status, asked.headers['preference-applied']]).toEqual([200, undefined]);
    expect(provider.received).toBe(1);
  });

  test('gives what no cache may have from the engine’s memory', async ({ httpd, provider }) => {
    enable(httpd, provider, 'MuseAiCacheEnable Off');
    await httpd.start();
    const location = await sentAway(httpd);
    for (let i = 0; i < 2; i += 1) {
      const result = await finished(httpd, location);
      expect([result.status, result.text]).toEqual([200, scriptedPage]);
      expect(result.headers['cache-control']).toBe('no-store');
    }
    expect(provider.received).toBe(1);
  });

  test('with wait gives the page itself where it is there in time', async ({ httpd, provider }) => {
    enable(httpd, provider);
    const gate = gated(provider);
    await httpd.start();
    const waiting = httpd.open('/page', { headers: { Prefer: 'respond-async, wait=60' } });
    await gate.arrived(1);
    gate.open();
    const result = await waiting.done;
    expect([result.status, result.text]).toEqual([200, page]);
  });

  test('with wait gives 202 where it is not', async ({ httpd, provider }) => {
    enable(httpd, provider);
    const gate = gated(provider);
    await httpd.start();
    const result = await httpd.get('/page', { headers: { Prefer: 'respond-async, wait=1' } });
    expect(result.status).toBe(202);
    expect(result.endAt).toBeGreaterThan(900);
    gate.open();
    const { location = '' } = result.headers;
    const back = await httpd.get(location, { headers: { Prefer: 'wait=60' } });
    expect([back.status, back.text]).toEqual([200, page]);
  });

  test('tells by its status how a page failed', async ({ httpd, provider }) => {
    enable(httpd, provider);
    const gate = new Gate();
    provider.script(scriptedModel, fail(500, { before: [hold(gate)] }));
    httpd.config.lines('ErrorDocument 502 "It could not be written."');
    await httpd.start();
    const location = await sentAway(httpd);
    gate.open();
    const result = await finished(httpd, location);
    expect([result.status, result.text]).toEqual([502, 'It could not be written.']);
    httpd.log.expect(243);
  });

  test('works over HTTP/2', async ({ httpd, provider }) => {
    httpd.config.modules('http2').tls('Protocols h2 http/1.1');
    enable(httpd, provider);
    await httpd.start();
    const client = httpd.http2();
    const away = await client.open('/page', { headers: { prefer: 'respond-async' } }).done;
    expect(away.status).toBe(202);
    const { location = '' } = away.headers;
    const result = await waitUntil('the answer', async () => {
      const back = await client.open(location).done;
      return back.status !== 202 && back;
    });
    expect([result.status, result.text]).toEqual([200, scriptedPage]);
    await client.close();
  });
});

describe('the place of a deferred answer', () => {
  test('is found by any header that chose the model, at whichever engine', async ({
    httpd,
    provider,
  }) => {
    const models = ['one', 'two', 'three'];
    httpd.config.muse({
      models: modelsAt(provider, ...models),
      lines: ['MuseAiEnable On', 'MuseAiEngines 3'],
    });
    httpd.site.write('page.ai', 'Write about {{ query.topic }}.');
    await httpd.start();
    await httpd.enginesReady(3);
    const engines = new Set<string | undefined>();
    for (const model of models) {
      for (let n = 0; n < 6; n += 1) {
        provider.script(model, say(`<!doctype html><p>${model} on ${n}</p>`));
        const path = `/page?topic=${n}`;
        const location = await sentAway(httpd, path, { 'X-Muse-Model': model });
        engines.add(/muse-job=(\d)-/.exec(location)?.[1]);
        expect((await finished(httpd, location)).text).toContain(`${model} on ${n}`);
      }
    }
    expect(engines.size).toBeGreaterThan(1);
  });

  test('is waited for at the engine that has it, while another one moves', async ({
    httpd,
    provider,
  }) => {
    enable(httpd, provider);
    addPages(httpd);
    httpd.config.lines('MuseAiEngines 2');
    const gate = gated(provider);
    await httpd.start();
    await httpd.enginesReady(2);
    const places: string[] = [];
    const engineOf = (place: string) => /muse-job=(\d)-/.exec(place)?.[1];
    while (new Set(places.map(engineOf)).size < 2 && places.length < 50) {
      places.push(await sentAway(httpd, `/page?topic=${places.length}`));
    }
    const engine = await httpd.engine();
    await engine.freeze();
    await becomes(httpd, 'degraded');
    const back = places.map((place) => httpd.open(place).done);
    expect((await Promise.race(back)).status).toBe(202);
    // Nothing shows that httpd has asked an engine for the others, too.
    await sleep(500);
    engine.thaw();
    const statuses = (await Promise.all(back)).map(({ status }) => status);
    expect(statuses).toEqual(places.map(() => 202));
    gate.open();
    for (const place of places) expect((await finished(httpd, place)).text).toBe(page);
  });

  test('is as closed as its page', async ({ httpd, provider }) => {
    enable(httpd, provider);
    httpd.site.write('open/page.ai', 'Write about the sea.');
    httpd.config.section('Location', '/page', 'Require expr "%{HTTP:X-Pass} == \'yes\'"');
    await httpd.start();
    const location = await sentAway(httpd, '/page', { 'X-Pass': 'yes' });
    expect((await httpd.get(location)).status).toBe(403);
    expect((await httpd.get(`/open${location}`)).status).toBe(404);
    const back = await httpd.get(location, { headers: { 'X-Pass': 'yes', Prefer: 'wait=60' } });
    expect(back.status).toBe(200);
    httpd.log.allow('AH01630');
    expect(httpd.log.matching(270)).toHaveLength(1);
  });

  test('counts for the rate limit', async ({ httpd, provider }) => {
    enable(httpd, provider, 'MuseAiRateLimitRPM 1', 'MuseAiRateLimitBurstSize 2');
    await httpd.start();
    const location = await sentAway(httpd);
    const statuses = [await httpd.get(location), await httpd.get(location)].map(
      ({ status }) => status,
    );
    expect(statuses[1]).toBe(429);
    expect((await httpd.get('/page', { headers: prefer })).status).toBe(429);
    // Nobody waits for the page, but it would break off with the provider.
    await (await provider.request(0)).settled;
  });

  test('is 404 for an id that was never given', async ({ httpd, provider }) => {
    enable(httpd, provider);
    await httpd.start();
    await httpd.get('/page');
    for (const id of ['', 'x', '0-0', `9999999999999999999-${'0'.repeat(32)}`, '-1-0']) {
      expect([id, (await httpd.get(`/page?muse-job=${id}`)).status]).toEqual([id, 404]);
    }
    expect(provider.received).toBe(1);
  });

  test('is forgotten by an engine that has ended, and the log says so', async ({
    httpd,
    provider,
  }) => {
    enable(httpd, provider);
    const gate = gated(provider);
    await httpd.start();
    const location = await sentAway(httpd);
    await gate.arrived(1);
    await (await httpd.engine()).kill();
    await httpd.log.waitFor(readyAgain);
    expect((await httpd.get(location)).status).toBe(404);
    expect(httpd.log.matching(/MUSE0270: .*no restart; ask for the page again/)).toHaveLength(1);
    httpd.log.expect(killed, readyAgain);
  });

  test('is closed by a graceful restart, but its page is finished for the cache', async ({
    httpd,
    provider,
  }) => {
    enable(httpd, provider);
    const gate = new Gate();
    provider.script(scriptedModel, say(tokens, { gate }), stream([]));
    await httpd.start();
    await httpd.enginesReady();
    const location = await sentAway(httpd);
    await gate.arrived(1);
    const old = await httpd.engine();
    await httpd.graceful();
    await httpd.log.waitFor(201);
    gate.open();
    expect(await (await provider.request(0)).settled).toBe('finished');
    await old.gone();
    expect((await httpd.get(location)).status).toBe(404);
    const result = await httpd.get('/page');
    expect([result.text, result.headers['cache-status']]).toEqual([
      page,
      expect.stringContaining('hit'),
    ]);
  });
});
