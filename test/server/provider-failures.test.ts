import { describe, expect } from 'vitest';
import { enablePages, modelsAt, scriptedModel, test } from '../harness/index.ts';
import {
  cut,
  fail,
  finish,
  garbage,
  head,
  raw,
  reasoning,
  redirect,
  type Script,
  say,
  stall,
  startProvider,
  stream,
  streamError,
  text,
} from '../provider/index.ts';
import { complaints, expectError, expectStatic, withErrorDocuments } from './error-answers.ts';

describe('a provider that fails before the first byte', () => {
  interface Failure {
    readonly script: Script;
    readonly status: number;
    readonly log: RegExp;
    readonly retryAfter?: string;
  }

  const failures: Readonly<Record<string, Failure>> = {
    // First, since no connection is kept yet: one that is may be asked again.
    'cut-before-head': {
      script: stream([cut()]),
      status: 502,
      log: /MUSE024[46].*"cut-before-head"/,
    },
    'no-key': { script: fail(401), status: 502, log: /MUSE0240.*"no-key".*api_key/ },
    forbidden: { script: fail(403), status: 502, log: /MUSE0240.*"forbidden"/ },
    'no-model': { script: fail(404), status: 502, log: /MUSE0241.*"no-model"/ },
    busy: {
      script: fail(429, { retryAfter: 7 }),
      status: 503,
      log: /MUSE0242.*"busy"/,
      retryAfter: '7',
    },
    'busy-for-long': {
      script: fail(429, { retryAfter: 999_999 }),
      status: 503,
      log: /MUSE0242.*"busy-for-long"/,
      retryAfter: '3600',
    },
    'reset-after-head': {
      script: stream([head(), cut('reset')]),
      status: 502,
      log: /MUSE0246.*"reset-after-head"/,
    },
    failed: { script: fail(500), status: 502, log: /MUSE0243.*"failed".*500/ },
    overloaded: { script: fail(503), status: 502, log: /MUSE0243.*"overloaded".*503/ },
    rejected: { script: fail(400), status: 502, log: /MUSE0249.*"rejected".*400/ },
    'cut-after-head': {
      script: stream([head(), cut()]),
      status: 502,
      log: /MUSE0246.*"cut-after-head"/,
    },
    'ends-at-once': { script: stream([head()]), status: 502, log: /MUSE0246.*"ends-at-once"/ },
    'says-nothing': {
      script: stream([finish()]),
      status: 502,
      log: /MUSE0250.*"says-nothing"/,
    },
    'only-thinks': {
      script: stream([reasoning('Hm.'), text('<think>Hm.</think>'), finish()]),
      status: 502,
      log: /MUSE0250.*"only-thinks"/,
    },
    'error-in-stream': {
      script: stream([head(), streamError('Overloaded')]),
      status: 502,
      log: /MUSE0243.*"error-in-stream"/,
    },
    'login-page': { script: garbage(), status: 502, log: /MUSE0247.*"login-page".*text\/html/ },
    'no-json': {
      script: stream([raw('data: {"choices": [oops\n\n')]),
      status: 502,
      log: /MUSE0247.*"no-json"/,
    },
    'no-stream': {
      script: garbage('What is this?', 'text/plain'),
      status: 502,
      log: /MUSE024[67].*"no-stream"/,
    },
  };

  test('gives an honest status, a log line that says what to do, and nothing to keep', async ({
    httpd,
    provider,
  }) => {
    const names = Object.keys(failures);
    for (const [name, { script }] of Object.entries(failures)) provider.script(name, script);
    httpd.site.write('page.ai', 'Write.');
    withErrorDocuments(httpd);
    httpd.config.muse({
      models: modelsAt(
        provider,
        ...names.map((name) => ({ name, api_key: 'a-test-key', retries: 0 })),
      ),
      lines: ['MuseAiEnable On'],
    });
    await httpd.start();
    for (const [name, { status, log, retryAfter }] of Object.entries(failures)) {
      for (const time of ['first', 'second']) {
        const before = provider.received;
        const mark = httpd.log.mark();
        const result = await httpd.get('/page', { headers: { 'X-Muse-Model': name } });
        expectError(result, status, `${name}, the ${time} time`);
        expect(result.headers['retry-after'], name).toBe(retryAfter);
        expect(provider.received, `${name} was asked the ${time} time`).toBe(before + 1);
        await httpd.log.waitFor(log, { mark });
        expect(complaints(httpd, mark), name).toHaveLength(1);
      }
      httpd.log.expect(log);
    }
    expect(provider.received).toBe(2 * names.length);
    await expectStatic(httpd);
  });

  test('by closing a kept connection under a call is asked once more', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write about {{ query.topic }}.');
    enablePages(httpd, provider);
    await httpd.start();
    expect((await httpd.get('/page?topic=bees')).status).toBe(200);
    provider.script(scriptedModel, stream([cut()]), say('Once more.'));
    const result = await httpd.get('/page?topic=wasps');
    expect([result.status, result.complete]).toEqual([200, true]);
    expect(result.text).toContain('Once more.');
    expect(provider.received).toBe(3);
  });

  test('by refusing connections is found again when it is back', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', 'Write.');
    withErrorDocuments(httpd);
    enablePages(httpd, provider);
    await httpd.start();
    await provider.refuse();
    expectError(await httpd.get('/page'), 502, 'refused');
    httpd.log.expect(/MUSE0244.*127\.0\.0\.1:\d+.*ECONNREFUSED/);
    await provider.listen();
    expect((await httpd.get('/page')).status).toBe(200);
  });

  test('by being slow gives 504 after MuseAiTimeout or the timeouts of the model', async ({
    httpd,
    provider,
  }) => {
    provider.script('silent', stream([stall()]));
    provider.script('headed', stream([head(), stall()]));
    provider.script('impatient', stream([head(), stall()]));
    httpd.site.write('page.ai', 'Write.');
    httpd.site.write('slow/page.ai', 'Write.');
    withErrorDocuments(httpd);
    httpd.config
      .muse({
        models: modelsAt(provider, 'silent', 'headed', {
          name: 'impatient',
          timeouts: { first: 0.2 },
        }),
        lines: ['MuseAiEnable On'],
      })
      .section('Directory', httpd.site.path('slow'), 'MuseAiTimeout 1');
    await httpd.start();
    const asked = (path: string, model: string) =>
      httpd.get(path, { headers: { 'X-Muse-Model': model } });
    const [silent, headed, impatient] = await Promise.all([
      asked('/slow/page', 'silent'),
      asked('/slow/page', 'headed'),
      asked('/page', 'impatient'),
      expectStatic(httpd),
    ]);
    expectError(silent, 504, 'silent');
    expectError(headed, 504, 'headed');
    expectError(impatient, 504, 'impatient');
    for (const request of provider.requests) expect(await request.settled).toBe('aborted');
    httpd.log.expect(
      /MUSE0245.*"silent".*MuseAiTimeout/,
      /MUSE0245.*"headed".*MuseAiTimeout/,
      /MUSE0245.*"impatient".*timeouts\.first/,
    );
  });

  test('by a redirect to another host is not followed there with the key', async ({
    httpd,
    provider,
  }) => {
    await using stranger = await startProvider();
    for (const status of [301, 302, 307, 308]) {
      provider.script(`moved-${status}`, redirect(`${stranger.url}/chat/completions`, status));
    }
    httpd.site.write('page.ai', 'Write.');
    withErrorDocuments(httpd);
    const models = [301, 302, 307, 308].map((status) => ({
      name: `moved-${status}`,
      api_key: 'key-of-the-provider',
    }));
    httpd.config.muse({ models: modelsAt(provider, ...models), lines: ['MuseAiEnable On'] });
    await httpd.start();
    for (const { name } of models) {
      const result = await httpd.get('/page', { headers: { 'X-Muse-Model': name } });
      expectError(result, 502, name);
      expect(result.headers).not.toHaveProperty('location');
      httpd.log.expect(new RegExp(`MUSE0248.*"${name}".*:${stranger.port}`));
    }
    expect(stranger.received).toBe(0);
  });
});

test('a model at an endpoint where nobody listens does not hold up another', async ({
  httpd,
  provider,
}) => {
  httpd.site.write('page.ai', 'Write.');
  // Nobody else can take that port at another address, as long as the provider has it at its own.
  const gone = `http://127.0.0.2:${provider.port}/v1`;
  const models = [
    { name: 'gone', endpoint: gone },
    { name: 'here', endpoint: provider.url },
  ];
  httpd.config.muse({ models: { models }, lines: ['MuseAiEnable On'] });
  await httpd.start();
  const [failed, fine] = await Promise.all(
    models.map(({ name }) => httpd.get('/page', { headers: { 'X-Muse-Model': name } })),
  );
  expect([failed?.status, fine?.status]).toEqual([502, 200]);
  httpd.log.expect(/MUSE0244.*"gone"/);
});
