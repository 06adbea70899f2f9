import { describe, expect } from 'vitest';
import { scriptedModel, test, waitUntil } from '../harness/index.ts';
import { fail } from '../provider/index.ts';
import { countedPage } from './counted-pages.ts';
import { expire, isStale, prepare, settle } from './stale-pages.ts';

describe('a page that can not be written anew', () => {
  test('stays stale, and the provider is left alone for a while', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    await httpd.get('/page');
    provider.script(scriptedModel, fail(500));
    await expire(httpd, '/page');
    expect(isStale(await httpd.get('/page'))).toBe(true);
    await httpd.log.waitFor(262);
    for (let i = 0; i < 50; i++) {
      const result = await httpd.get('/page');
      expect([result.text, isStale(result)]).toEqual([countedPage(1), true]);
    }
    expect(httpd.log.matching(262)).toHaveLength(1);
    httpd.log.expect(243);
  });

  test('since its engine died is tried again by the next', async ({ httpd, provider }) => {
    const gate = prepare(httpd, provider);
    await httpd.start();
    await httpd.get('/page');
    await expire(httpd, '/page');
    await httpd.get('/page');
    await gate.arrived();
    await (await httpd.engine()).kill();
    expect(await provider.requests[1]?.settled).toBe('aborted');
    gate.open();
    await httpd.log.waitFor(/MUSE0020.*ready again/);
    httpd.log.expect(/MUSE0022.*signal 9/, /MUSE0020.*ready again/);
    // The claim of the dead one lasts 10 seconds, and nothing else may have it written before.
    expect(isStale(await httpd.get('/page'))).toBe(true);
    const next = await waitUntil(
      'the page to be written',
      async () => {
        const result = await httpd.get('/page');
        return result.text === countedPage(1) ? undefined : result;
      },
      { timeoutMs: 40_000 },
    );
    expect(next.text).toMatch(/Page [3-9]/);
    await settle(httpd, '/page', gate);
  }, 60_000);

  test('while no engine runs is served all the same', async ({ httpd, provider }) => {
    const gate = prepare(httpd, provider);
    gate.open();
    await httpd.start();
    await httpd.get('/page');
    const engine = await httpd.engine();
    await engine.freeze();
    await expire(httpd, '/page');
    for (let i = 0; i < 20; i++) {
      const result = await httpd.get('/page');
      expect([result.text, isStale(result)]).toEqual([countedPage(1), true]);
    }
    expect(provider.received).toBe(1);
    engine.thaw();
    // What it was asked for meanwhile it does now.
    await provider.request(1);
    await settle(httpd, '/page', gate);
  });
});

test('a restart lets the engine finish what nobody waits for', async ({ httpd, provider }) => {
  const gate = prepare(httpd, provider);
  await httpd.start();
  await httpd.get('/page');
  await expire(httpd, '/page');
  await httpd.get('/page');
  await gate.arrived();
  await httpd.graceful();
  await settle(httpd, '/page', gate);
  expect(await provider.requests[1]?.settled).toBe('finished');
});
