import { describe, expect } from 'vitest';
import { isCounted } from '../harness/coverage.ts';
import { modelsAt, test } from '../harness/index.ts';
import { engineVariables } from '../harness/sanitizer.ts';
import { fail, garbage, redirect, say, stream, streamError, text } from '../provider/index.ts';
import { findInFiles, findInProcesses, findLeaks } from './leaks.ts';

/** What must not be seen anywhere, neither whole nor in part. */
const KEY = 'sk-live-Ex4mpleK3yOfTheProvider77';
const PROMPT = 'Wombats-in-secret-prompt';
const QUERY = 'visitors-private-question';

describe("the engine's environment", () => {
  test('holds what PassEnv names, MUSE_AI_* and a short list, and nothing else', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    Object.assign(httpd.env, {
      OPENAI_API_KEY: KEY,
      SECRET_OTHER: 'other-secret',
      OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
      OPENAI_ORG_ID: 'org',
      NODE_OPTIONS: '--no-such-option',
      NODE_DEBUG: 'http',
      LD_LIBRARY_PATH: '/nowhere',
      HOME: '/root',
      MUSE_AI_EXTRA: 'extra',
      MUSE_AINT: 'not ours',
      TZ: 'Europe/Berlin',
      LC_ALL: 'C.UTF-8',
      no_proxy: '127.0.0.1',
      SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt',
      NODE_EXTRA_CA_CERTS: '',
    });
    httpd.config.muse({
      models: modelsAt(provider, { name: 'm', api_key: `\${OPENAI_API_KEY}` }),
      lines: ['MuseAiEnable On', 'PassEnv OPENAI_API_KEY'],
    });
    await httpd.start();
    expect((await httpd.get('/page')).status).toBe(200);
    expect(provider.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(provider.requests[0]?.headers).not.toHaveProperty('openai-organization');
    const { environment } = await httpd.engine();
    const added = [...engineVariables(), ...(isCounted ? ['NODE_V8_COVERAGE'] : [])];
    const others = [...environment.keys()].filter((name) => !added.includes(name));
    expect(others.sort()).toEqual([
      'LANG',
      'LC_ALL',
      'MUSE_AI_EXTRA',
      'MUSE_AI_TEST_ROOT',
      'NODE_EXTRA_CA_CERTS',
      'OPENAI_API_KEY',
      'PATH',
      'SSL_CERT_FILE',
      'TZ',
      'no_proxy',
    ]);
    expect(environment.get('OPENAI_API_KEY')).toBe(KEY);
  });

  test('lacks a variable that .htaccess passes, or nobody', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', 'Write.');
    httpd.site.write('.htaccess', 'PassEnv OPENAI_API_KEY\n');
    httpd.env.OPENAI_API_KEY = KEY;
    httpd.config.muse({
      models: modelsAt(provider, { name: 'm', api_key: `\${OPENAI_API_KEY}` }),
      lines: ['MuseAiEnable On'],
    });
    await httpd.start();
    expect((await httpd.get('/page')).status).toBe(503);
    const { environment } = await httpd.engine();
    expect(environment.has('OPENAI_API_KEY')).toBe(false);
    expect(provider.received).toBe(0);
    const { text: line } = await httpd.log.waitFor(214);
    expect(line).toContain('PassEnv OPENAI_API_KEY');
    httpd.log.expect(214, 216);
  });
});

test('a key in the configuration is in no environment, command line or file', async ({
  httpd,
  provider,
}) => {
  httpd.site.write('page.ai', 'Write.');
  httpd.config.muse({
    models: { models: [{ name: 'm' }] },
    lines: ['MuseAiEnable On', `MuseAiEndpoint ${provider.url}`, `MuseAiApiKey ${KEY}`],
  });
  await httpd.start();
  expect((await httpd.get('/page')).status).toBe(200);
  expect(provider.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  expect(httpd.processes().length).toBeGreaterThan(3);
  expect(findInProcesses(httpd, [KEY])).toEqual([]);
  expect(findInFiles(httpd, [KEY])).toEqual([]);
  const old = await httpd.engine();
  await httpd.graceful();
  // One that was told to end is not started again.
  await old.gone();
  const first = await httpd.engine();
  await first.kill();
  await httpd.log.waitFor(/MUSE0020.*again/);
  expect(findInProcesses(httpd, [KEY])).toEqual([]);
  expect(findInFiles(httpd, [KEY])).toEqual([]);
  httpd.log.expect(20, 22);
});

test('a refused MuseAiApiKey is not repeated in the message', async ({ httpd }) => {
  httpd.config.muse({ lines: [`MuseAiApiKey "${KEY} "`] });
  const message = await httpd.startFailure();
  expect(message).toContain('MuseAiApiKey');
  expect(findLeaks('message', message, [KEY])).toEqual([]);
  httpd.log.allow(/AH00558|MuseAiApiKey/);
});

/** Every way to fail that could tell somebody what he must not know. */
const failures = {
  refused: fail(401, { message: `Incorrect API key provided: ${KEY}.` }),
  forbidden: fail(403, { body: `{"error":"the key ${KEY} may not"}` }),
  partly: fail(401, { message: `Incorrect API key provided: ${KEY.slice(0, 12)}****.` }),
  nonsense: garbage(`Bearer ${KEY}: ${PROMPT} ${QUERY}`),
  'nonsense-events': stream([text(''), { kind: 'raw', bytes: `data: {"x": ${KEY} ${PROMPT}\n\n` }]),
  rejected: fail(400, { message: `Your prompt "${PROMPT}: ${QUERY}" is invalid.` }),
  unknown: fail(404, { message: `No model for ${KEY}: ${PROMPT}` }),
  busy: fail(429, { message: `Too many requests with ${KEY} for ${PROMPT}`, retryAfter: 5 }),
  failed: fail(500, { body: `Traceback: api_key=${KEY}, messages=[${PROMPT} ${QUERY}]` }),
  moved: redirect(`http://127.0.0.1:9/v1/chat/completions?key=${KEY}&prompt=${PROMPT}`),
  broken: stream([text('<!doctype html><p>Once'), streamError(`${KEY}: ${PROMPT} ${QUERY}`)]),
  empty: say(''),
  long: say('<!doctype html><p>So', { finish: 'length' }),
};

test.for(['warn', 'info', 'info muse_ai:trace8'])(
  'at LogLevel %s no log and no error page tells the key, the prompt or the query',
  async (level, { httpd, provider }) => {
    const names = Object.keys(failures);
    for (const [name, script] of Object.entries(failures)) provider.script(name, script);
    const entries = names.map((name) => ({ name, api_key: `\${THE_KEY}` }));
    const page = `${PROMPT}: {{ query.ask }}`;
    httpd.env.THE_KEY = KEY;
    httpd.site.write('page.ai', page);
    httpd.site.write('template.ai', `${page} {{ nothing.here | no_such_filter: "${PROMPT}" }}`);
    httpd.site.write('matter.ai', `---\nttl: ${PROMPT}\nmodle: x\n---\n${page}`);
    httpd.site.write('yaml.ai', `---\nttl: [${PROMPT}\n---\n${page}`);
    httpd.site.write('binary.ai', `${page}\0`);
    httpd.config.logLevel = level;
    httpd.config.muse({
      models: modelsAt(provider, ...entries),
      lines: ['MuseAiEnable On', 'PassEnv THE_KEY'],
    });
    await httpd.start();
    const pages = [
      ...names.map((name) => ['/page', name] as const),
      ...['/template', '/matter', '/yaml', '/binary'].map((path) => [path, 'long'] as const),
    ];
    const told: string[] = [];
    const statuses: Record<string, number> = {};
    for (const [path, model] of pages) {
      const headers = { 'X-Muse-Model': model };
      const result = await httpd.get(`${path}?ask=${QUERY}`, { headers });
      statuses[path === '/page' ? model : path] = result.status;
      const answer = `${JSON.stringify(result.headers)}\n${result.text}`;
      told.push(...findLeaks(`answer of ${model}`, answer, [KEY, PROMPT, QUERY]));
    }
    expect(statuses).toEqual({
      refused: 502,
      forbidden: 502,
      partly: 502,
      nonsense: 502,
      'nonsense-events': 502,
      rejected: 502,
      unknown: 502,
      busy: 503,
      failed: 502,
      moved: 502,
      broken: 200,
      empty: 502,
      long: 200,
      '/template': 500,
      '/matter': 500,
      '/yaml': 500,
      '/binary': 500,
    });
    expect(told).toEqual([]);
    expect(findInProcesses(httpd, [PROMPT, QUERY])).toEqual([]);
    await httpd.stop();
    expect(httpd.log.text).toMatch(/MUSE0240/);
    expect(findInFiles(httpd, [KEY, PROMPT, QUERY])).toEqual([]);
    httpd.log.allow(/MUSE02[2-6]\d/);
  },
);

test('a mistake in models.json is told without the key beside it', async ({ httpd, provider }) => {
  httpd.site.write('page.ai', 'Write.');
  httpd.config.muse({ models: modelsAt(provider, 'm'), lines: ['MuseAiEnable On'] });
  await httpd.start();
  await httpd.log.waitFor(210);
  const mistakes = [
    `{"models": [{"name": "m", "api_key": ${KEY}}]}`,
    `{"models": [{"name": "m", "api_key": "${KEY}" "model": "x"}]}`,
    `{"models": [{"name": "m", "api_key": "${KEY}}]}`,
    `{"models": [{"name": "m", "api_key": ["${KEY}"]}]}`,
    `{"models": [{"name": "m", "api_key": "\${${KEY}"}]}`,
    `{"models": [{"name": "m", "endpoint": "https://user:${KEY}@host/v1"}]}`,
    `{"models": [{"name": "m", "headers": {"X-Token": "${KEY}\\n"}}]}`,
  ];
  for (const content of mistakes) {
    const mark = httpd.log.mark();
    httpd.conf.replace('models.json', content);
    await httpd.log.waitFor(211, { mark });
  }
  expect(findInFiles(httpd, [KEY])).toEqual([]);
  httpd.log.expect(211);
});
