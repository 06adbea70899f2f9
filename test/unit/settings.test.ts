import { describe, expect, test } from 'vitest';
import { parseSettings } from '../../src/settings.ts';

const backend = { server: 'main:80', endpoint: 'http://a/v1', api_key: 'key-a' };
const whole = {
  version: 1,
  engine: 0,
  engines: 2,
  models: '/etc/models.json',
  models_where: '/etc/muse.conf:12',
  backends: [backend, { server: 'b:80', endpoint: null, api_key: null }],
  passed: ['OPENAI_API_KEY'],
  log_level: 'info',
};
const read = (change: object, environment = {}) =>
  parseSettings(JSON.stringify({ ...whole, ...change }), environment);

describe('the settings', () => {
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
    const keyOnly = { backends: [{ ...backend, endpoint: null }] };
    expect(read(keyOnly, { MUSE_AI_ENDPOINT: 'http://env/v1' }).backends[0]?.apiKey).toBe('key-a');
  });

  test('of another version or shape are refused with the reason, without a key in it', () => {
    expect(() => read({ version: 2 })).toThrow(/different versions.*version/s);
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
