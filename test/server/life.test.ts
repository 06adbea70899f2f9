import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect } from 'vitest';
import {
  type EngineProcess,
  type Exchange,
  enablePages,
  findProcess,
  type Httpd,
  scriptedModel,
  test,
  waitUntil,
} from '../harness/index.ts';
import { finish, Gate, hold, type ScriptedProvider, say, stream, text } from '../provider/index.ts';

const ready = /MUSE0020/;
const readyAgain = /MUSE0020.*ready again/;
const killed = /MUSE0022.*signal 9/;

/** A page that does not depend on others: each query is a prompt of its own. */
function prepare(httpd: Httpd, provider: ScriptedProvider, ...lines: string[]): void {
  httpd.site.write('page.ai', 'Write about {{ query.topic }}.');
  httpd.site.write('static.txt', 'static');
  enablePages(httpd, provider);
  httpd.config.lines(...lines);
}

async function expectPage(httpd: Httpd, topic: string, cache: 'hit' | 'fwd'): Promise<void> {
  const result = await httpd.get(`/page?topic=${topic}`);
  expect([result.status, result.complete], topic).toEqual([200, true]);
  expect(result.headers['cache-status'], topic).toContain(cache);
}

/**
 * A page that httpd's children find by themselves. The first answer may still have been asked for
 * before the engine had told httpd its models, which are in the key.
 */
async function cachePage(httpd: Httpd, topic: string): Promise<void> {
  await expectPage(httpd, topic, 'fwd');
  await expectPage(httpd, topic, 'hit');
}

/** A page whose beginning the visitor has, and whose end waits for the gate. */
async function openHeld(httpd: Httpd, provider: ScriptedProvider, topic: string) {
  const gate = new Gate();
  const steps = [text('<!doctype html><p>Once'), hold(gate), text(' upon a time.'), finish()];
  provider.script(scriptedModel, stream(steps), say('<!doctype html><p>Another page.'));
  const exchange = httpd.open(`/page?topic=${topic}`);
  await exchange.waitFor('Once');
  return { exchange, gate };
}

async function expectWhole(exchange: Exchange): Promise<void> {
  const result = await exchange.done;
  expect(result.text).toContain('Once upon a time.');
  expect(result.complete).toBe(true);
}

async function expectBroken(exchange: Exchange): Promise<void> {
  const result = await exchange.done;
  expect(result.text).toContain('Once');
  expect(result.text.match(/role="alert"/g)).toHaveLength(1);
  expect(result.complete).toBe(false);
}

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
  await expectPage(httpd, 'cold', 'fwd');
  expect(httpd.engines().map(({ pid }) => pid)).toEqual([engine.pid]);
  httpd.log.expect(/MUSE0047.*stopped or overloaded/);
});

describe('when others die', () => {
  test('supervisor and engine end with a killed httpd, which starts again cleanly', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider);
    await httpd.start();
    const { exchange } = await openHeld(httpd, provider, 'held');
    const [supervisor] = httpd.supervisors();
    expect(supervisor).toBeDefined();
    await httpd.killParent();
    exchange.leave();
    await waitUntil('supervisor and engine to end', () => {
      return httpd.supervisors().length === 0 && httpd.engines().length === 0;
    });
    expect(await provider.requests[0]?.settled).toBe('aborted');
    await httpd.stop();
    expect(sockets(httpd)).toHaveLength(1);
    await httpd.start();
    expect(sockets(httpd)).toHaveLength(1);
    await expectPage(httpd, 'after', 'fwd');
    httpd.log.expect(/AH00098/); // the pid file of the killed one
    httpd.log.allow(/MUSE0041/);
  });

  test('a killed supervisor takes its engine with it, and both are started again', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider);
    await httpd.start();
    await cachePage(httpd, 'cached');
    const engine = await httpd.engine();
    // Even one that is stopped, and so sees nothing, must not be left over.
    await engine.freeze();
    const [supervisor] = httpd.supervisors();
    process.kill(supervisor?.pid ?? 0, 'SIGKILL');
    await engine.gone();
    await expectPage(httpd, 'cached', 'hit');
    await expectPage(httpd, 'cold', 'fwd');
    expect(httpd.supervisors()).toHaveLength(1);
    expect(httpd.supervisors()[0]?.pid).not.toBe(supervisor?.pid);
    httpd.log.expect(/MUSE0012/);
  });

  test('a killed child of httpd costs the others nothing', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    await cachePage(httpd, 'cached');
    const engine = await httpd.engine();
    const [child] = httpd.children();
    process.kill(child?.pid ?? 0, 'SIGKILL');
    await waitUntil('the child to end', () => findProcess(child?.pid ?? 0) === undefined);
    await expectPage(httpd, 'cached', 'hit');
    await expectPage(httpd, 'cold', 'fwd');
    expect((await httpd.engine()).pid).toBe(engine.pid);
  });

  test('a signal for all of httpd does not end the engines before their time', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider);
    await httpd.start();
    await expectPage(httpd, 'first', 'fwd');
    const engine = await httpd.engine();
    const [supervisor] = httpd.supervisors();
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGWINCH', 'SIGPIPE'] as const) {
      process.kill(supervisor?.pid ?? 0, signal);
    }
    await expectPage(httpd, 'second', 'fwd');
    expect(httpd.engines().map(({ pid }) => pid)).toEqual([engine.pid]);
  });
});

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

describe('a stop', () => {
  test('leaves no process, no socket and no memory, also in mid-stream', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider, 'MuseAiEngines 2');
    await httpd.start();
    await openHeld(httpd, provider, 'held');
    await httpd.log.waitFor(ready, { count: 2 });
    const [engine] = httpd.engines();
    const region = statSync(`/proc/${engine?.pid}/fd/4`).ino;
    expect(usersOfMemory(region)).toContain(engine?.pid);
    expect(sockets(httpd)).toHaveLength(2);
    await httpd.stop();
    expect(sockets(httpd)).toEqual([]);
    expect(usersOfMemory(region)).toEqual([]);
    expect(await provider.requests[0]?.settled).toBe('aborted');
    httpd.log.allow(/AH00045/);
  });

  test('that is graceful lets a stream finish first', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    const { exchange, gate } = await openHeld(httpd, provider, 'held');
    process.kill(httpd.pid, 'SIGWINCH');
    await httpd.log.waitFor(/AH00492/);
    gate.open();
    await expectWhole(exchange);
    await waitUntil('everything to end', () => httpd.processes().length === 0);
    expect(sockets(httpd)).toEqual([]);
  });
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

/** The sockets of engines in httpd's folder. */
function sockets(httpd: Httpd): string[] {
  return readdirSync(httpd.environment.path('run')).filter((name) => name.endsWith('.sock'));
}

/** The processes that map the memory with this inode. */
function usersOfMemory(inode: number): number[] {
  const mapped = new RegExp(` ${inode} +/memfd:`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return mapped.test(readFileSync(`/proc/${pid}/maps`, 'utf8'));
      } catch {
        return false; // gone meanwhile, or not ours to read
      }
    });
}

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
