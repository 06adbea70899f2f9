import { describe, expect } from 'vitest';
import { type Httpd, scriptedModel, test, waitUntil } from '../harness/index.ts';
import {
  cachePage,
  expectPage,
  expectWhole,
  openHeld,
  prepare,
  ready,
  sockets,
} from './topic-pages.ts';

describe('a graceful restart', () => {
  test('in mid-stream lets the stream finish and the cache live', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    await cachePage(httpd, 'cached');
    const old = await httpd.engine();
    const { exchange, gate } = await openHeld(httpd, provider, 'held');
    httpd.config.lines('Header always set X-Generation 2');
    const mark = httpd.log.mark();
    await httpd.graceful();
    await httpd.log.waitFor(ready, { mark });
    const next = await httpd.engine(old);
    const received = provider.received;
    await expectPage(httpd, 'cached', 'hit');
    expect(provider.received, 'the cache was kept').toBe(received);
    await expectPage(httpd, 'cold', 'fwd');
    expect(old.running, 'it has a page to finish').toBe(true);
    gate.open();
    await expectWhole(exchange);
    await old.gone();
    await waitUntil('the old supervisor to end', () => httpd.supervisors().length === 1);
    expect(httpd.engines().map(({ pid }) => pid)).toEqual([next.pid]);
    await expectPage(httpd, 'held', 'hit');
    expect((await httpd.get('/static.txt')).headers['x-generation']).toBe('2');
  });

  test('leaves no moment in which a page fails', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    let over = false;
    let asked = 0;
    const visitor = async () => {
      while (!over) await expectPage(httpd, `topic-${asked++}`, 'fwd');
    };
    const visitors = [visitor(), visitor(), visitor()];
    const seen = new Set<number>();
    for (let time = 0; time < 3; time += 1) {
      const mark = httpd.log.mark();
      const old = await httpd.engine();
      seen.add(old.pid);
      await httpd.graceful();
      await httpd.log.waitFor(ready, { mark });
      await old.gone();
    }
    over = true;
    await Promise.all(visitors);
    expect(seen.size).toBe(3);
    expect(asked).toBeGreaterThan(3);
    await waitUntil('one engine', () => httpd.engines().length === 1);
  });

  test('lets the old engine go also where another module has forked a daemon', async ({
    httpd,
    provider,
  }) => {
    httpd.config.modules('cgid').lines('ScriptSock cgid.sock');
    prepare(httpd, provider);
    await httpd.start();
    await httpd.enginesReady();
    await restartAndSettle(httpd, 1);
  });

  test('with other numbers of engines leaves exactly those', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    await cachePage(httpd, 'cached');
    for (const engines of [3, 1]) {
      httpd.config.lines(`MuseAiEngines ${engines}`);
      await restartAndSettle(httpd, engines);
      const received = provider.received;
      await expectPage(httpd, 'cached', 'hit');
      expect(provider.received).toBe(received);
      for (let time = 0; time < 6; time += 1) {
        await expectPage(httpd, `with-${engines}-${time}`, 'fwd');
      }
    }
  });

  test('with another MuseAiSharedMemory begins with an empty cache', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider, 'MuseAiSharedMemory 8M');
    await httpd.start();
    await cachePage(httpd, 'cached');
    httpd.config.lines('MuseAiSharedMemory 16M');
    await restartAndSettle(httpd, 1);
    await cachePage(httpd, 'cached');
    expect(provider.received).toBe(2);
  });

  test('without the module serves static files, and with it again its pages', async ({
    httpd,
    provider,
  }) => {
    const { environment, conf, config } = httpd;
    const { node, engine } = environment.stagedEngine();
    const models = [{ name: scriptedModel, endpoint: provider.url }];
    const lines = [
      `LoadModule muse_ai_module "${environment.installation.module}"`,
      `MuseAiNode "${node}"`,
      `MuseAiEngine "${engine}"`,
      `MuseAiModels "${conf.writeJson('models.json', { models })}"`,
      'MuseAiEnable On',
    ].join('\n');
    httpd.site.write('page.ai', 'Write about {{ query.topic }}.');
    httpd.site.write('static.txt', 'static');
    conf.write('muse.conf', lines);
    config.lines('Include conf/muse.conf');
    await httpd.start();
    await expectPage(httpd, 'first', 'fwd');
    conf.write('muse.conf', '');
    await httpd.graceful();
    await waitUntil('static files from new children', async () => {
      return (await httpd.get('/page')).status === 404;
    });
    expect((await httpd.get('/static.txt')).text).toBe('static');
    conf.write('muse.conf', lines);
    const mark = httpd.log.mark();
    await httpd.graceful();
    await httpd.log.waitFor(ready, { mark });
    await expectPage(httpd, 'second', 'fwd');
    await waitUntil('one engine', () => httpd.engines().length === 1);
    conf.write('muse.conf', '');
    await httpd.graceful();
    expect((await httpd.get('/static.txt')).text).toBe('static');
    // The supervisor ends after the module that could have told httpd who it was.
    httpd.log.allow(/AH00488/);
  });
});

test('a restart with SIGHUP breaks off what is under way and keeps the cache', async ({
  httpd,
  provider,
}) => {
  prepare(httpd, provider);
  await httpd.start();
  await cachePage(httpd, 'cached');
  const old = await httpd.engine();
  const { exchange } = await openHeld(httpd, provider, 'held');
  const mark = httpd.log.mark();
  await httpd.restart();
  await httpd.log.waitFor(ready, { mark });
  const result = await exchange.done;
  expect(result.complete).toBe(false);
  await old.gone();
  expect(await provider.requests[1]?.settled).toBe('aborted');
  const { received } = provider;
  await expectPage(httpd, 'cached', 'hit');
  expect(provider.received).toBe(received);
  await expectPage(httpd, 'held', 'fwd');
  httpd.log.allow(/AH00045/); // a child that did not end at once
});

/** A graceful restart, until only the new engines are there. */
async function restartAndSettle(httpd: Httpd, engines: number): Promise<void> {
  const old = httpd.engines();
  const mark = httpd.log.mark();
  await httpd.graceful();
  await httpd.log.waitFor(ready, { mark, count: engines });
  await Promise.all(old.map((engine) => engine.gone()));
  await waitUntil('the old supervisor to end', () => httpd.supervisors().length === 1);
  expect(httpd.engines()).toHaveLength(engines);
  expect(sockets(httpd)).toHaveLength(engines);
}
