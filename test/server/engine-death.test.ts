import { describe, expect } from 'vitest';
import { type EngineProcess, scriptedModel, test, waitUntil } from '../harness/index.ts';
import { Gate, hold, say, stream, text } from '../provider/index.ts';
import {
  cachePage,
  expectBroken,
  expectPage,
  killed,
  openHeld,
  prepare,
  ready,
  readyAgain,
} from './topic-pages.ts';

describe('an engine that is killed', () => {
  test('is started again, and whoever asked meanwhile gets the page', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider);
    await httpd.start();
    await cachePage(httpd, 'first');
    const engine = await httpd.engine();
    // Frozen, it takes no connections: these requests wait in the backlog when it is killed.
    await engine.freeze();
    const before = httpd.engineConnections().length;
    const topics = Array.from({ length: 8 }, (_, index) => `waiting-${index}`);
    const waiting = topics.map((topic) => expectPage(httpd, topic, 'fwd'));
    await waitUntil('requests in the backlog', () => httpd.engineConnections().length > before);
    await engine.kill();
    const late = ['late-1', 'late-2'].map((topic) => expectPage(httpd, topic, 'fwd'));
    await expectPage(httpd, 'first', 'hit');
    expect((await httpd.get('/static.txt')).text).toBe('static');
    await Promise.all([...waiting, ...late]);
    expect((await httpd.engine()).pid).not.toBe(engine.pid);
    expect(httpd.engines()).toHaveLength(1);
    const received = provider.received;
    await expectPage(httpd, 'first', 'hit');
    expect(provider.received, 'the cache was kept').toBe(received);
    httpd.log.expect(killed, readyAgain);
    // Said by who watches it, which may be after it has begun to serve.
    await httpd.log.waitFor(readyAgain);
    expect(httpd.log.matching(killed)).toHaveLength(1);
    expect(httpd.log.matching(readyAgain)).toHaveLength(1);
  });

  test('before it has answered has the request repeated by the next one', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider);
    await httpd.start();
    const gate = new Gate();
    provider.script(scriptedModel, stream([hold(gate), text('Never seen.')]), say('Second try.'));
    const exchange = httpd.open('/page?topic=held');
    await gate.arrived();
    await (await httpd.engine()).kill();
    const result = await exchange.done;
    expect([result.status, result.complete]).toEqual([200, true]);
    expect(result.text).toContain('Second try.');
    expect(await provider.requests[0]?.settled).toBe('aborted');
    httpd.log.expect(killed, readyAgain);
  });

  test('in mid-stream ends that page with a notice and aborts its connection', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider);
    await httpd.start();
    const { exchange } = await openHeld(httpd, provider, 'held');
    await (await httpd.engine()).kill();
    await expectBroken(exchange);
    expect(await provider.requests[0]?.settled).toBe('aborted');
    await expectPage(httpd, 'held', 'fwd');
    httpd.log.expect(/MUSE0041/, killed, readyAgain);
  });

  test('again and again is said each time, since each is a change of state', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider);
    await httpd.start();
    for (let time = 1; time <= 3; time += 1) {
      await expectPage(httpd, `time-${time}`, 'fwd');
      await (await httpd.engine()).kill();
      await httpd.log.waitFor(readyAgain, { count: time });
      expect(httpd.log.matching(killed)).toHaveLength(time);
    }
    await expectPage(httpd, 'last', 'fwd');
    httpd.log.expect(killed, readyAgain);
  });
});

test('with its engine stopped, httpd serves cached pages and answers others 503 in time', async ({
  httpd,
  provider,
}) => {
  prepare(httpd, provider);
  await httpd.start();
  await cachePage(httpd, 'cached');
  const engine = await httpd.engine();
  await engine.freeze();
  const cold = httpd.get('/page?topic=cold');
  for (let time = 0; time < 5; time += 1) await expectPage(httpd, 'cached', 'hit');
  const result = await cold;
  expect(result.status).toBe(503);
  expect(Number(result.headers['retry-after'])).toBeGreaterThan(0);
  expect(result.endAt).toBeGreaterThan(9_000);
  expect(result.endAt).toBeLessThan(20_000);
  await expectPage(httpd, 'cached', 'hit');
  engine.thaw();
  // Not the page that it was asked for while it was stopped: that one it may write first.
  await expectPage(httpd, 'another', 'fwd');
  expect(httpd.engines().map(({ pid }) => pid)).toEqual([engine.pid]);
  httpd.log.expect(/MUSE0047.*stopped or overloaded/);
});

test('of two engines both are used, and one takes over while the other is away', async ({
  httpd,
  provider,
}) => {
  // An engine that ends at once as long as there is a file that says so.
  const { engine } = httpd.environment.stagedEngine();
  const away = httpd.conf.path('away');
  const script = [
    "import { existsSync } from 'node:fs';",
    `if (existsSync(${JSON.stringify(away)})) process.exit(1);`,
    `await import(${JSON.stringify(engine)});`,
  ];
  const path = httpd.conf.write('engine.js', script.join('\n'));
  httpd.config.logLevel = 'info muse_ai:debug';
  prepare(httpd, provider, 'MuseAiEngines 2', `MuseAiEngine ${path}`);
  await httpd.start();
  await httpd.log.waitFor(ready, { count: 2 });
  const askMany = (round: string) =>
    Promise.all(Array.from({ length: 16 }, (_, i) => expectPage(httpd, `${round}-${i}`, 'fwd')));
  await askMany('both');
  expect(httpd.engineConnections(0).length).toBeGreaterThan(0);
  expect(httpd.engineConnections(1).length).toBeGreaterThan(0);

  httpd.conf.write('away', '');
  const [first] = httpd.engines() as [EngineProcess, EngineProcess];
  await first.kill();
  await httpd.log.waitFor(killed);
  const started = performance.now();
  await askMany('one');
  expect(performance.now() - started, 'nobody waits for the one that is away').toBeLessThan(8_000);
  expect(httpd.engines().filter(({ pid }) => pid === first.pid)).toEqual([]);
  // Its starts fail meanwhile: said once, then only for debugging.
  const failed = /MUSE0022.*status 1 before it was ready/;
  await httpd.log.waitFor(failed, { count: 2 });
  expect(httpd.log.matching(failed).filter(({ level }) => level !== 'debug')).toHaveLength(1);

  httpd.conf.remove('away');
  await httpd.log.waitFor(readyAgain);
  await askMany('again');
  expect(httpd.engines()).toHaveLength(2);
  httpd.log.expect(killed, failed, readyAgain);
});
