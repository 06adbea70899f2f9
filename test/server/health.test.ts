import { describe, expect } from 'vitest';
import { findProcess, modelsAt, scriptedModel, test } from '../harness/index.ts';
import { fail, samplePage, say } from '../provider/index.ts';
import { addPages, administer, becomes, health, priced } from './administration.ts';

describe('the health', () => {
  test('is ok where all is well, and says so at two names', async ({ httpd, provider }) => {
    administer(httpd, provider);
    httpd.config.section('Location', '/old', 'SetHandler health-handler');
    await httpd.start();
    await httpd.get('/page');
    await httpd.get('/page');
    const ok = await becomes(
      httpd,
      'ok',
      // Of the endpoint the engine tells with its next heartbeat; a request counts when it has ended.
      ({ endpoints, requests_processed }) =>
        endpoints[0]?.state === 'up' && Number(requests_processed) >= 2,
    );
    expect(ok).toMatchObject({
      code: 200,
      problems: [],
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      features: expect.arrayContaining(['streaming', 'cache']),
      uptime_seconds: expect.any(Number),
      requests_processed: 2,
      region: true,
      models: 1,
      engines: [{ engine: 0, up: true, state: 'ready', models: 'loaded' }],
      endpoints: [{ model: priced.name, url: provider.url, state: 'up' }],
    });
    expect((await httpd.get('/old')).status).toBe(200);
  });

  test('is down while the engine stands still, and ok when it moves again', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    await httpd.start();
    await becomes(httpd, 'ok');
    const { pid } = await httpd.engine();
    process.kill(pid, 'SIGSTOP');
    const down = await becomes(httpd, 'down');
    expect([down.code, down.problems]).toEqual([503, [expect.stringContaining('no engine')]]);
    process.kill(pid, 'SIGCONT');
    expect(await becomes(httpd, 'ok')).toMatchObject({ code: 200 });
  });

  test('is down without an engine, degraded with too few, and counts what ended', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    httpd.config.lines('MuseAiEngines 2');
    await httpd.start();
    await becomes(httpd, 'ok');
    const { pid } = await httpd.engine();
    process.kill(pid, 'SIGSTOP');
    const degraded = await becomes(httpd, 'degraded');
    expect(degraded).toMatchObject({ code: 200, problems: ['not all engines are ready'] });
    const pages = ['a', 'b', 'c', 'd', 'e', 'f'].map((n) => httpd.get(`/page?n=${n}`));
    const statuses = (await Promise.all(pages)).map(({ status }) => status);
    expect([statuses, findProcess(pid)?.state], 'the other one writes them').toEqual([
      pages.map(() => 200),
      'T',
    ]);
    process.kill(pid, 'SIGKILL');
    await becomes(httpd, 'ok', ({ engines }) =>
      (engines as { restarts: number }[]).some(({ restarts }) => restarts === 1),
    );
    httpd.log.expect(22);
    httpd.log.allow(20);
  });

  test('is down where no engine can be started', async ({ httpd, provider }) => {
    administer(httpd, provider);
    httpd.config.lines(`MuseAiEngine ${httpd.conf.path('gone.js')}`);
    await httpd.start();
    expect(await health(httpd)).toMatchObject({ code: 503, status: 'down', region: true });
    httpd.log.expect(21);
  });

  test('is down without models, and degraded when models.json is spoilt later', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    httpd.conf.write('models.json', '{"models": [');
    await httpd.start();
    const down = await becomes(httpd, 'down', ({ problems }) => problems.join().includes('models'));
    expect(down).toMatchObject({ code: 503, models: 0 });
    const models = modelsAt(provider, priced);
    httpd.conf.writeJson('models.json', models);
    expect(await becomes(httpd, 'ok')).toMatchObject({ models: 1 });
    httpd.conf.write('models.json', 'nonsense');
    const spoilt = await becomes(httpd, 'degraded');
    expect([spoilt.code, spoilt.problems]).toEqual([
      200,
      ['models.json has a mistake; the models stay as they were'],
    ]);
    httpd.conf.remove('models.json');
    const gone = await becomes(httpd, 'degraded', ({ problems }) => /gone/.test(problems.join()));
    expect(gone.code).toBe(200);
    httpd.conf.writeJson('models.json', models);
    await becomes(httpd, 'ok');
    httpd.log.expect(211);
    httpd.log.allow(212, 213);
  });

  test('tells of each endpoint, is down when none may be asked, and lets them be tried again', async ({
    httpd,
    provider,
  }) => {
    provider.script(scriptedModel, fail(500));
    const model = {
      name: scriptedModel,
      retries: 0,
      circuit: { failures: 1, cooldown: 6 },
    };
    httpd.config.muse({ models: modelsAt(provider, model), lines: ['MuseAiEnable On'] });
    addPages(httpd);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    expect((await becomes(httpd, 'ok')).endpoints[0]?.state).toBe('untried');
    expect((await httpd.get('/page')).status).toBe(502);
    httpd.log.expect(243);
    const down = await becomes(httpd, 'down');
    expect([down.code, down.endpoints[0]?.state]).toEqual([503, 'resting']);
    // Its rest is over: a load balancer has to send the visitor who has it tried.
    const degraded = await becomes(httpd, 'degraded');
    expect([degraded.code, degraded.endpoints[0]?.state]).toEqual([200, 'failing']);
    provider.script(scriptedModel, say(samplePage(scriptedModel)));
    expect((await httpd.get('/page')).status).toBe(200);
    expect((await becomes(httpd, 'ok')).endpoints[0]?.state).toBe('up');
  });

  test('tells an endpoint that limits us from one that fails, and one without its key', async ({
    httpd,
    provider,
  }) => {
    provider.script(scriptedModel, fail(429, { retryAfter: 50 }));
    const keyless = { name: 'keyless', api_key: `\${NOT_PASSED}` };
    const models = modelsAt(provider, { name: scriptedModel, retries: 0 }, keyless);
    httpd.config.muse({ models, lines: ['MuseAiEnable On'] });
    addPages(httpd);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    const degraded = await becomes(httpd, 'degraded');
    expect(degraded.endpoints.map(({ state }) => state)).toEqual(['untried', 'unusable']);
    expect((await httpd.get('/page')).status).toBe(503);
    httpd.log.expect(242);
    const down = await becomes(httpd, 'down');
    expect(down.endpoints.map(({ state }) => state)).toEqual(['limited', 'unusable']);
    httpd.log.allow(214);
  });
});
