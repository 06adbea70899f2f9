import { describe, expect, test } from 'vitest';
import { parseSettings } from '../../src/settings.ts';

const nothing = {
  name: 'a1',
  endpoint: null,
  endpoints: [],
  api_key: null,
  load_balancing: null,
  connect: null,
  idle: null,
  retries: null,
  retry_delay_ms: null,
  connections: null,
  free_wait: null,
  thinking_off: null,
  thinkers: [],
};
const backend = { ...nothing, server: 'main:80', endpoint: 'http://a/v1', api_key: 'key-a' };
const whole = {
  version: 3,
  engine: 0,
  engines: 2,
  models: '/etc/models.json',
  models_where: '/etc/muse.conf:12',
  backends: [backend, { ...nothing, server: 'b:80' }],
  former: [],
  passed: ['OPENAI_API_KEY'],
  pool: { idle: null, keep_alive: null },
  dumpable: false,
  log_level: 'info',
};
const read = (change: object, environment = {}) =>
  parseSettings(JSON.stringify({ ...whole, ...change }), environment);

describe('the settings', () => {
  test('name the backends of before a restart apart', () => {
    const former = [{ ...backend, name: 'a0' }];
    const settings = read({ former }, { MUSE_AI_API_KEY: 'key-of-all' });
    expect(settings.former).toMatchObject([{ name: 'a0', apiKey: 'key-of-all' }]);
    expect(settings.backends.map(({ name }) => name)).toEqual(['a1', 'a1']);
    expect(() => read({ backends: [{ ...backend, name: '' }] })).toThrow(/name/);
  });

  test('come from the supervisor’s line', () => {
    expect(read({})).toMatchObject({
      engine: 0,
      engines: 2,
      modelsFile: '/etc/models.json',
      modelsWhere: '/etc/muse.conf:12',
      backends: [
        { server: 'main:80', endpoint: 'http://a/v1', apiKey: 'key-a' },
        { server: 'b:80', endpoint: undefined, apiKey: undefined },
      ],
      logLevel: 'info',
    });
    expect(read({ models: null, models_where: null }).modelsFile).toBeUndefined();
  });

  test('say of calls what the configuration says, and nothing of the rest', () => {
    expect(read({}).backends[0]).toEqual({
      name: 'a1',
      server: 'main:80',
      endpoint: 'http://a/v1',
      endpoints: [],
      apiKey: 'key-a',
      calls: { thinkers: [] },
    });
    const said = {
      ...backend,
      endpoint: null,
      endpoints: ['http://b/v1', 'http://c/v1'],
      load_balancing: 'random',
      connect: 1,
      idle: 2,
      retries: 0,
      retry_delay_ms: 4,
      connections: 5,
      free_wait: 6,
      thinking_off: false,
      thinkers: ['r1'],
    };
    expect(read({ backends: [said] }).backends[0]).toMatchObject({
      endpoint: undefined,
      endpoints: ['http://b/v1', 'http://c/v1'],
      calls: {
        loadBalancing: 'random',
        connect: 1,
        idle: 2,
        retries: 0,
        retryDelayMs: 4,
        connections: 5,
        freeWait: 6,
        thinkingOff: false,
        thinkers: ['r1'],
      },
    });
    expect(read({}).pool).toEqual({ idle: undefined, keepAlive: true });
    expect(read({ pool: { idle: 30, keep_alive: false } }).pool).toEqual({
      idle: 30,
      keepAlive: false,
    });
  });

  test('are frozen, and a later change of the environment does not reach them', () => {
    const environment: Record<string, string> = { MUSE_AI_X: 'before' };
    const settings = read({}, environment);
    environment.MUSE_AI_X = 'after';
    expect(settings.environment.MUSE_AI_X).toBe('before');
    expect(Object.isFrozen(settings)).toBe(true);
    expect(Object.isFrozen(settings.backends)).toBe(true);
  });

  test('give way to MUSE_AI_ENDPOINT and MUSE_AI_API_KEY for every server', () => {
    const environment = { MUSE_AI_ENDPOINT: 'http://env/v1', MUSE_AI_API_KEY: 'key-env' };
    for (const { endpoint, apiKey } of read({}, environment).backends) {
      expect([endpoint, apiKey]).toEqual(['http://env/v1', 'key-env']);
    }
    expect(read({}, { MUSE_AI_ENDPOINT: '' }).backends[0]?.endpoint).toBe('http://a/v1');
  });

  test('never send the key of one endpoint to another that the environment names', () => {
    const [main, other] = read({}, { MUSE_AI_ENDPOINT: 'http://env/v1' }).backends;
    expect(main).toMatchObject({ endpoint: 'http://env/v1', apiKey: undefined });
    expect(other).toMatchObject({ endpoint: 'http://env/v1', apiKey: undefined });
    expect(read({}, { MUSE_AI_ENDPOINT: 'http://a/v1' }).backends[0]?.apiKey).toBe('key-a');
    const several = { ...backend, endpoint: null, endpoints: ['http://b/v1', 'http://c/v1'] };
    const moved = (to: string) =>
      read({ backends: [several] }, { MUSE_AI_ENDPOINT: to }).backends[0];
    expect(moved('http://env/v1')).toMatchObject({ endpoints: [], apiKey: undefined });
    expect(moved('http://c/v1')).toMatchObject({ endpoints: [], apiKey: 'key-a' });
    const keyOnly = { backends: [{ ...backend, endpoint: null }] };
    expect(read(keyOnly, { MUSE_AI_ENDPOINT: 'http://env/v1' }).backends[0]?.apiKey).toBe('key-a');
  });

  test('of another version or shape are refused with the reason, without a key in it', () => {
    expect(() => read({ version: 1 })).toThrow(
      /of one build: install both and restart httpd.*version/s,
    );
    expect(() => read({ backends: [] })).toThrow(/backends/);
    expect(() => parseSettings('{"backends": [{"api_key": "key-a"', {})).toThrow(/not JSON/);
    const message = (() => {
      try {
        return read({ backends: [{ ...backend, server: 1 }] });
      } catch (error) {
        return String(error);
      }
    })();
    expect(message).not.toContain('key-a');
  });
});
