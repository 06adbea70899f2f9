import { chmodSync } from 'node:fs';
import { describe, expect } from 'vitest';
import {
  enablePages,
  findFreePort,
  type Httpd,
  modelsAt,
  type Result,
  scriptedModel,
  sendRaw,
  test,
} from '../harness/index.ts';
import {
  cut,
  fail,
  finish,
  Gate,
  garbage,
  head,
  hold,
  raw,
  reasoning,
  redirect,
  type Script,
  type ScriptedProvider,
  type Step,
  say,
  stall,
  startProvider,
  stream,
  streamError,
  text,
} from '../provider/index.ts';

const sorry = 'The site says sorry.';

/** Static files beside the pages, one of them for every error. */
function withErrorDocuments(httpd: Httpd): void {
  httpd.site.write('static.txt', 'static');
  httpd.site.write('sorry.html', sorry);
  const statuses = [403, 404, 500, 502, 503, 504];
  httpd.config.lines(...statuses.map((status) => `ErrorDocument ${status} /sorry.html`));
}

async function expectStatic(httpd: Httpd): Promise<void> {
  expect((await httpd.get('/static.txt')).text).toBe('static');
}

/** What the log complains about after `mark`: one failure is one line. */
function complaints(httpd: Httpd, mark: number): string[] {
  const { lines } = httpd.log;
  return lines.flatMap(({ level, whole }, i) => (i < mark || level === 'info' ? [] : [whole]));
}

/** An error that the site tells in its own words, and that no cache keeps. */
function expectError(result: Result, status: number, what: string): void {
  expect([result.status, result.text], what).toEqual([status, sorry]);
  expect(result.complete, what).toBe(true);
  expect(result.headers['cache-control'] ?? '', what).not.toContain('max-age');
  expect(result.headers, what).not.toHaveProperty('muse-error');
  expect(result.headers, what).not.toHaveProperty('age');
}

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
      models: modelsAt(provider, ...names.map((name) => ({ name, api_key: 'a-test-key' }))),
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

describe('a provider that fails in mid-stream', () => {
  const begun = '<!doctype html><html><body><p>Once upon a time';

  /** Begins a page, waits until the visitor has the beginning, then does `steps`. */
  async function breakOff(httpd: Httpd, provider: ScriptedProvider, model: string, steps: Step[]) {
    const gate = new Gate();
    provider.script(model, stream([text(begun), hold(gate), ...steps]));
    const exchange = httpd.open('/page', { headers: { 'X-Muse-Model': model } });
    await exchange.waitFor('Once upon');
    gate.open();
    return exchange.done;
  }

  function expectBroken(result: Result, what: string): void {
    expect([result.status, result.complete], what).toEqual([200, false]);
    expect(result.text, what).toContain(begun);
    expect(result.text, what).toMatch(/role="alert".*<\/html>\s*$/s);
    expect(result.text.match(/role="alert"/g), what).toHaveLength(1);
  }

  interface Fault {
    readonly steps: Step[];
    readonly log: RegExp;
    readonly model?: string;
  }

  const faults: Readonly<Record<string, Fault>> = {
    'cut off': { steps: [cut()], log: /MUSE0246/ },
    reset: { steps: [cut('reset')], log: /MUSE0246/ },
    'an error object': { steps: [streamError('Overloaded')], log: /MUSE0243.*Overloaded/ },
    'no JSON': { steps: [raw('data: {"choices": [oops\n\n')], log: /MUSE0247/ },
    'no finish_reason': { steps: [text('.')], log: /MUSE0246.*finish_reason/ },
    silence: { steps: [stall()], log: /MUSE0245.*timeouts\.idle/, model: 'impatient' },
  };

  test('ends the page with a notice, aborts the connection, and keeps nothing', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    withErrorDocuments(httpd);
    const models = [scriptedModel, { name: 'impatient', timeouts: { idle: 0.3 } }];
    httpd.config.muse({ models: modelsAt(provider, ...models), lines: ['MuseAiEnable On'] });
    await httpd.start();
    for (const [name, { steps, log, model = scriptedModel }] of Object.entries(faults)) {
      const mark = httpd.log.mark();
      expectBroken(await breakOff(httpd, provider, model, steps), name);
      await httpd.log.waitFor(log, { mark });
      expect(complaints(httpd, mark), name).toHaveLength(1);
      httpd.log.expect(log);
    }
    expect(provider.received).toBe(Object.keys(faults).length);
    provider.script(scriptedModel, say('<!doctype html><p>The end.'));
    expect((await httpd.get('/page')).text).toContain('The end.');
    await expectStatic(httpd);
  });

  test('leaves out the last chunk, so that no cache takes the page for whole', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    enablePages(httpd, provider);
    await httpd.start();
    const gate = new Gate();
    provider.script(scriptedModel, stream([text(begun), hold(gate), cut()]));
    const asked = sendRaw(httpd.port, 'GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await provider.request(0);
    // The first piece has left when the engine has read it; either way it must not look whole.
    await gate.arrived();
    const exchange = httpd.open('/page?other');
    await exchange.waitFor('Once upon');
    gate.open();
    const answer = await asked;
    await exchange.done;
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/transfer-encoding: chunked/i);
    expect(answer).toContain('role="alert"');
    expect(answer).not.toMatch(/\r\n0\r\n\r\n$/);
    httpd.log.expect(246);
  });

  test('resets the stream of HTTP/2, and the connection goes on', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', 'Write.');
    httpd.config.modules('http2').lines('Protocols h2c http/1.1');
    enablePages(httpd, provider);
    await httpd.start();
    const gate = new Gate();
    provider.script(scriptedModel, stream([text(begun), hold(gate), cut()]), say('Whole.'));
    const client = httpd.http2();
    const exchange = client.open('/page');
    await exchange.waitFor('Once upon');
    gate.open();
    expectBroken(await exchange.done, 'HTTP/2');
    const again = await client.open('/page').done;
    expect([again.status, again.complete]).toEqual([200, true]);
    await client.close();
    httpd.log.expect(246);
  });

  test('closes what the page was in the middle of, so that the notice is seen', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    enablePages(httpd, provider);
    await httpd.start();
    const places = {
      '<script>let a = "and': /^[^<]*<\/script>.*role="alert"/s,
      '<style>p { color: and': /^[^<]*<\/style>.*role="alert"/s,
      '<!-- a comment and': /^[^<]*-->.*role="alert"/s,
      '<textarea>and': /^[^<]*<\/textarea>.*role="alert"/s,
      '<p title="and': /^\s*"[^"]*<div role="alert"/,
    };
    for (const [place, closed] of Object.entries(places)) {
      const gate = new Gate();
      provider.script(scriptedModel, stream([text(begun + place), hold(gate), cut()]));
      const exchange = httpd.open('/page');
      await exchange.waitFor('Once upon');
      gate.open();
      const result = await exchange.done;
      expectBroken(result, place);
      expect(result.text).toContain(place);
      expect(result.text.slice(result.text.indexOf(place) + place.length)).toMatch(closed);
    }
    httpd.log.expect(246);
  });

  test('breaks off a page that is not HTML without putting HTML into it', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('data.ai', '---\ncontent_type: application/json\n---\nWrite.');
    enablePages(httpd, provider);
    await httpd.start();
    const gate = new Gate();
    provider.script(scriptedModel, stream([text('{"once": "upon'), hold(gate), cut()]));
    const exchange = httpd.open('/data');
    await exchange.waitFor('upon');
    gate.open();
    const result = await exchange.done;
    expect(result.complete).toBe(false);
    expect(result.text).not.toContain('<');
    httpd.log.expect(246);
  });
});

test.for([
  ['length', 252],
  ['content_filter', 253],
] as const)(
  'an answer that ends with finish_reason %s is served whole, logged, and not kept',
  async ([reason, number], { httpd, provider }) => {
    httpd.site.write('page.ai', 'Write.');
    enablePages(httpd, provider);
    provider.script(scriptedModel, say('<!doctype html><p>As far as I got', { finish: reason }));
    await httpd.start();
    for (const time of [1, 2]) {
      const result = await httpd.get('/page');
      expect([result.status, result.complete]).toEqual([200, true]);
      expect(result.text).toContain('As far as I got');
      expect(provider.received).toBe(time);
    }
    await httpd.log.waitFor(number, { count: 2 });
    httpd.log.expect(number);
  },
);

describe('models.json', () => {
  test('that is broken at the start leaves static files, and works once repaired', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    withErrorDocuments(httpd);
    httpd.conf.write('models.json', '{"models": [{"name": "m",}]}');
    httpd.config.muse({ lines: ['MuseAiEnable On', 'MuseAiModels conf/models.json'] });
    await httpd.start();
    await expectStatic(httpd);
    expectError(await httpd.get('/page'), 503, 'broken');
    const mark = httpd.log.mark();
    httpd.conf.writeJson('models.json', modelsAt(provider, 'm'));
    await httpd.log.waitFor(210, { mark });
    expect((await httpd.get('/page')).status).toBe(200);
    httpd.log.expect(/MUSE0211.*models\.json:1:26/, 217);
  });

  test('that names a variable which was not passed costs that model only', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    withErrorDocuments(httpd);
    const keyed = { name: 'keyed', api_key: `\${NOT_PASSED}` };
    httpd.config.muse({ models: modelsAt(provider, keyed, 'm'), lines: ['MuseAiEnable On'] });
    httpd.env.NOT_PASSED = 'a-secret-that-is-not-passed';
    await httpd.start();
    expectError(await httpd.get('/page'), 503, 'keyed');
    expect((await httpd.get('/page', { headers: { 'X-Muse-Model': 'm' } })).status).toBe(200);
    await expectStatic(httpd);
    httpd.log.expect(/MUSE0214.*PassEnv NOT_PASSED/, /MUSE0216.*"keyed".*PassEnv NOT_PASSED/);
    expect(httpd.log.matching(214)).toHaveLength(1);
  });

  test('that can not be read is told with the reason', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', 'Write.');
    withErrorDocuments(httpd);
    httpd.config.muse({ models: modelsAt(provider, 'm'), lines: ['MuseAiEnable On'] });
    chmodSync(httpd.conf.path('models.json'), 0o000);
    await httpd.start();
    expectError(await httpd.get('/page'), 503, 'unreadable');
    await expectStatic(httpd);
    httpd.log.expect(
      /MUSE021[12].*models\.json.*EACCES|MUSE021[12].*models\.json.*permission/,
      217,
    );
  });

  test('that is absent, with no endpoint either, is told with what to configure', async ({
    httpd,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    withErrorDocuments(httpd);
    httpd.config.muse({ lines: ['MuseAiEnable On'] });
    await httpd.start();
    expectError(await httpd.get('/page'), 503, 'nothing configured');
    await expectStatic(httpd);
    httpd.log.expect(/MUSE0217.*MuseAiModels.*MuseAiModel.*MuseAiEndpoint/);
    httpd.log.allow(212);
  });
});

test('a page that is no prompt has a status and a log line each, until it is repaired', async ({
  httpd,
  provider,
}) => {
  const { site } = httpd;
  const pages: Readonly<Record<string, readonly [string | Buffer, number, RegExp]>> = {
    unreadable: ['Write.', 403, /MUSE0221.*unreadable\.ai.*User/],
    nul: ['Write.\0', 500, /MUSE0223.*nul\.ai.*NUL/],
    latin: [Buffer.from([0x57, 0xe9, 0x74]), 500, /MUSE0223.*latin\.ai.*UTF-8/],
    huge: ['x'.repeat(10_000_000), 500, /MUSE0222.*huge\.ai.*1 MiB/],
    empty: ['', 500, /MUSE02\d\d.*empty\.ai.*empty/],
    blank: ['---\nttl: 5\n---\n \n', 500, /MUSE02\d\d.*blank\.ai.*empty/],
    matter: ['---\nttl: soon\n---\nWrite.', 500, /MUSE0224.*matter\.ai:2:\d+: ttl/],
    yaml: ['---\ntitle: [\n---\nWrite.', 500, /MUSE0224.*yaml\.ai:\d/],
    open: ['---\nttl: 5\nWrite.', 500, /MUSE0224.*open\.ai:1.*---/],
    field: ['---\nmodle: m\n---\nWrite.', 500, /MUSE0224.*field\.ai:2.*Did you mean "model"/],
    template: ['---\nttl: 5\n---\nOne\n{{ query.a | nope }}', 500, /MUSE0225.*template\.ai:5/],
    name: ['One\n{{ cookie.a }}', 500, /MUSE0225.*name\.ai:2.*"cookie"/],
  };
  for (const [name, [content]] of Object.entries(pages)) site.write(`${name}.ai`, content);
  chmodSync(site.path('unreadable.ai'), 0o000);
  site.write('folder.ai/x.txt', 'a folder, not a page');
  withErrorDocuments(httpd);
  enablePages(httpd, provider);
  await httpd.start();
  for (const [name, [, status, log]] of Object.entries(pages)) {
    const mark = httpd.log.mark();
    expectError(await httpd.get(`/${name}`), status, name);
    await httpd.log.waitFor(log, { mark });
    httpd.log.expect(log);
  }
  expect((await httpd.get('/folder')).status).toBe(404);
  expect(provider.received).toBe(0);
  await expectStatic(httpd);
  for (const name of Object.keys(pages)) {
    chmodSync(site.path(`${name}.ai`), 0o644);
    site.write(`${name}.ai`, `Write about ${name}.`);
    expect((await httpd.get(`/${name}`)).status, name).toBe(200);
  }
});

describe('prompts', () => {
  test('that can not be read stop the pages: none goes out without its rules', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    const prompt = httpd.conf.write('prompts/system_prompt.ai', 'Be brief.');
    chmodSync(prompt, 0o000);
    withErrorDocuments(httpd);
    enablePages(httpd, provider, 'MuseAiPromptsDir conf/prompts');
    await httpd.start();
    expectError(await httpd.get('/page'), 500, 'unreadable prompt');
    expect(provider.received).toBe(0);
    await expectStatic(httpd);
    chmodSync(prompt, 0o644);
    expect((await httpd.get('/page')).status).toBe(200);
    httpd.log.expect(/MUSE0226.*system_prompt\.ai/);
  });

  test('that are not there are told, and the built-in one is used', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', 'Write.');
    enablePages(httpd, provider, 'MuseAiPromptsDir conf/nowhere');
    await httpd.start();
    expect((await httpd.get('/page')).status).toBe(200);
    httpd.log.expect(/MUSE0228.*nowhere/);
  });
});

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
    const path = httpd.conf.path('no-node');
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

test('a model at an endpoint where nobody listens does not hold up another', async ({
  httpd,
  provider,
}) => {
  httpd.site.write('page.ai', 'Write.');
  const gone = `http://127.0.0.1:${await findFreePort()}/v1`;
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
