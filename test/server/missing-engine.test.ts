import { describe, expect } from 'vitest';
import { enablePages, type Httpd, test } from '../harness/index.ts';
import type { ScriptedProvider } from '../provider/index.ts';
import { expectError, expectStatic, withErrorDocuments } from './error-answers.ts';

describe('an engine that can not run', () => {
  const ready = /MUSE0020.*ready again/;

  /** 503 with Retry-After for pages, said once; all else works. */
  async function expectNoEngine(httpd: Httpd, number: number): Promise<string> {
    const answers = await Promise.all([1, 2, 3].map((time) => httpd.get(`/page?${time}`)));
    for (const result of answers) {
      expectError(result, 503, 'no engine');
      expect(Number(result.headers['retry-after'])).toBeGreaterThan(0);
    }
    await expectStatic(httpd);
    // Several starts were tried, and all but the first said only for debugging.
    await httpd.log.waitFor(number, { count: 3 });
    const lines = httpd.log.matching(number);
    expect(lines.filter(({ level }) => level !== 'debug')).toHaveLength(1);
    httpd.log.expect(number, 47);
    return lines[0]?.text ?? '';
  }

  function prepare(httpd: Httpd, provider: ScriptedProvider, ...lines: string[]): void {
    httpd.site.write('page.ai', 'Write.');
    withErrorDocuments(httpd);
    httpd.config.logLevel = 'info muse_ai:debug';
    enablePages(httpd, provider);
    httpd.config.lines(...lines);
  }

  test('since its script is missing is told with the directive, and runs once it is there', async ({
    httpd,
    provider,
  }) => {
    const { engine } = httpd.environment.stagedEngine();
    const path = httpd.conf.path('engine.mjs');
    prepare(httpd, provider, `MuseAiEngine ${path}`);
    await httpd.start();
    const told = await expectNoEngine(httpd, 21);
    expect(told).toContain(`MuseAiEngine ${path}`);
    expect(told).toMatch(/httpd\.conf:\d+/);
    httpd.conf.write('engine.mjs', `await import(${JSON.stringify(engine)});\n`);
    await httpd.log.waitFor(ready);
    expect((await httpd.get('/page')).status).toBe(200);
    httpd.log.expect(ready);
  });

  test('since Node is missing is told with the directive', async ({ httpd, provider }) => {
    const path = httpd.conf.path(`${'far/'.repeat(60)}no-node`);
    prepare(httpd, provider, `MuseAiNode ${path}`);
    await httpd.start();
    expect(await expectNoEngine(httpd, 21)).toMatch(/MuseAiNode .*no-node \(.*httpd\.conf:\d+\)/);
  });

  test('since Node may not be executed is told with the directive', async ({ httpd, provider }) => {
    const path = httpd.conf.write('no-node', 'not executable');
    prepare(httpd, provider, `MuseAiNode ${path}`);
    await httpd.start();
    expect(await expectNoEngine(httpd, 21)).toMatch(/MuseAiNode .*no-node.*executable/);
  });

  test('since its script is broken is told with what Node says', async ({ httpd, provider }) => {
    httpd.conf.write('engine.mjs', 'throw new Error("a broken engine");\n');
    prepare(httpd, provider, `MuseAiEngine ${httpd.conf.path('engine.mjs')}`);
    await httpd.start();
    expect(await expectNoEngine(httpd, 22)).toContain('status 1');
    expect(httpd.log.text).toContain('a broken engine');
    httpd.log.allow(/muse_ai:error/);
  });

  test('as it says nothing at all is not waited for longer than 10 s', async ({
    httpd,
    provider,
  }) => {
    httpd.conf.write('engine.mjs', 'setInterval(() => {}, 1000);\n');
    prepare(httpd, provider, `MuseAiEngine ${httpd.conf.path('engine.mjs')}`);
    await httpd.start();
    const result = await httpd.get('/page');
    expectError(result, 503, 'silent engine');
    expect(result.endAt).toBeGreaterThan(9_000);
    expect(result.endAt).toBeLessThan(20_000);
    httpd.log.expect(47);
  });
});
