import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LocatedError } from '../../src/located.ts';
import { normaliseEndpoint } from '../../src/models/endpoint.ts';
import { chainOf } from '../../src/models/fallbacks.ts';
import { buildModel, canonicalJson, digestOf } from '../../src/models/model.ts';
import { Registry } from '../../src/models/registry.ts';
import { modelSchema } from '../../src/models/schema.ts';
import { schemaFileText } from '../../src/models/schema-file.ts';
import { targetsOf } from '../../src/models/target.ts';
import { expand, variablesIn } from '../../src/models/variables.ts';

const parse = (file: unknown, environment = {}) =>
  Registry.parse(JSON.stringify(file), environment);
const model = (fields: object, environment = {}) =>
  buildModel(modelSchema.parse({ name: 'm', ...fields }), environment);

function problemOf(text: string): string {
  try {
    Registry.parse(text, {});
  } catch (error) {
    if (error instanceof LocatedError) return error.in('models.json');
    throw error;
  }
  throw new Error('no problem was found');
}

describe('an endpoint', () => {
  test.for([
    ['https://api.openai.com', 'https://api.openai.com/v1'],
    ['https://api.openai.com/', 'https://api.openai.com/v1'],
    ['https://api.openai.com/v1', 'https://api.openai.com/v1'],
    ['https://api.openai.com/v1/', 'https://api.openai.com/v1'],
    ['https://api.openai.com/v1/chat/completions', 'https://api.openai.com/v1'],
    ['https://api.openai.com/v1/chat/completions/', 'https://api.openai.com/v1'],
    ['http://127.0.0.1:11434/chat/completions', 'http://127.0.0.1:11434'],
    ['http://[::1]:8000/api/openai', 'http://[::1]:8000/api/openai'],
    ['HTTP://Host/V1', 'http://host/V1'],
  ] as const)('%s is %s', ([text, url]) => {
    expect(normaliseEndpoint(text)).toEqual({ ok: true, url });
  });

  test.for([
    ['localhost:11434', 'https://'],
    ['ftp://host/v1', 'https://'],
    ['/v1', 'https://'],
    ['https://user:secret@host/v1', 'api_key'],
    ['https://host/v1?key=secret', '"?"'],
  ] as const)('%s is refused', ([text, told]) => {
    const result = normaliseEndpoint(text);
    expect(result).toMatchObject({ ok: false, problem: expect.stringContaining(told) });
    expect(JSON.stringify(result)).not.toContain('secret');
  });
});

describe('variables', () => {
  test('are put in from the environment that is given', () => {
    const environment = { A: '1', B_2: 'two' };
    expect(expand('x', environment)).toEqual({ ok: true, value: 'x' });
    expect(expand(`\${A}-\${B_2}\${A}`, environment)).toEqual({ ok: true, value: '1-two1' });
    expect(expand(`Bearer \${A}\${C}\${D}`, environment)).toEqual({
      ok: false,
      missing: ['C', 'D'],
    });
  });

  test('that are empty count as missing, and $NAME is no variable', () => {
    expect(expand(`\${A}`, { A: '' })).toEqual({ ok: false, missing: ['A'] });
    expect(expand('$A', { A: '1' })).toEqual({ ok: true, value: '$A' });
  });

  test('have proper names, or the text is refused', () => {
    expect(variablesIn(`\${A}\${_b}`)).toEqual(['A', '_b']);
    for (const text of [`\${`, `\${}`, `\${A`, `\${A-B}`, `\${1A}`]) {
      expect(variablesIn(text)).toBeUndefined();
    }
  });
});

describe('models.json', () => {
  test('of the predecessor works as it is', () => {
    const registry = parse({
      default_model: 'b',
      models: [
        { name: 'a', endpoint: 'http://a:1/v1/chat/completions', api_key: 'key-a', model: 'up-a' },
        { name: 'b', endpoint: 'http://b:1', api_key: '', model: 'up-b' },
      ],
    });
    expect(registry.defaultName).toBe('b');
    expect(registry.models.get('a')).toMatchObject({
      endpoint: 'http://a:1/v1',
      apiKey: 'key-a',
      upstream: 'up-a',
      provider: 'openai',
      reasoning: 'hide',
    });
    expect(registry.models.get('b')).toMatchObject({
      endpoint: 'http://b:1/v1',
      apiKey: undefined,
    });
  });

  test('may begin with a byte order mark; its first model is the default', () => {
    const registry = Registry.parse('\ufeff{"models": [{"name": "x"}, {"name": "y"}]}', {});
    expect(registry.defaultName).toBe('x');
    expect(registry.models.get('y')?.upstream).toBe('y');
  });

  test('can set everything that the schema names', () => {
    const registry = parse(
      {
        $schema: './models.schema.json',
        models: [
          {
            name: 'm',
            provider: 'openai',
            endpoint: `https://\${HOST}/v1`,
            api_key: `\${KEY}`,
            model: 'up',
            temperature: 0,
            top_p: 0.5,
            max_tokens: 0,
            stop: 'END',
            headers: { 'X-Title': 'site', 'X-Token': `t-\${KEY}` },
            timeouts: { connect: 1, first: 2, idle: 3, total: 4 },
            ttl: 0,
            reasoning: 'show',
            stream_usage: true,
            price: { input: 1, output: 2 },
            retries: 0,
            circuit: { failures: 2 },
            fallback: ['spread'],
          },
          {
            name: 'spread',
            api_key: 'shared-key',
            endpoints: [
              { url: 'https://one', weight: 3 },
              { url: `https://\${HOST}/v1`, api_key: `\${KEY}` },
              { url: 'https://open', api_key: '' },
            ],
            load_balancing: 'least_connections',
          },
        ],
      },
      { HOST: 'api.example', KEY: 'the-key' },
    );
    expect(registry.models.get('m')).toMatchObject({
      endpoint: 'https://api.example/v1',
      apiKey: 'the-key',
      upstream: 'up',
      temperature: 0,
      topP: 0.5,
      maxTokens: 0,
      stop: ['END'],
      headers: { 'X-Title': 'site', 'X-Token': 't-the-key' },
      secrets: ['the-key', 't-the-key'],
      timeouts: { connect: 1, first: 2, idle: 3, total: 4 },
      ttl: 0,
      reasoning: 'show',
      streamUsage: true,
      price: { input: 1, output: 2 },
      retries: 0,
      circuit: { failures: 2, cooldown: 10 },
      unavailable: undefined,
      fallback: [registry.models.get('spread')],
    });
    expect(registry.models.get('spread')).toMatchObject({
      endpoint: undefined,
      endpoints: [
        { url: 'https://one/v1', apiKey: 'shared-key', weight: 3 },
        { url: 'https://api.example/v1', apiKey: 'the-key', weight: 1 },
        { url: 'https://open/v1', apiKey: undefined, weight: 1 },
      ],
      loadBalancing: 'least_connections',
      retries: undefined,
      circuit: { failures: 5, cooldown: 10 },
      secrets: ['shared-key', 'shared-key', 'the-key'],
    });
  });

  test.for([
    [
      '{"models": [{"name": "a"}], "defaultModel": "a"}',
      ':1:29: defaultModel: unknown field',
      'default_model',
    ],
    ['{"models": [{"name": "a", "temprature": 1}]}', 'models[0].temprature', '"temperature"'],
    [
      '{"models": [{"name": "a", "timeouts": {"frist": 1}}]}',
      'models[0].timeouts.frist',
      '"first"',
    ],
    [
      '{"models": [{"name": "a"},\n{"name": "b", "fallback": ["A"]}]}',
      ':2:28: models[1].fallback[0]',
      'Did you mean "a"?',
    ],
    [
      '{"models": [{"name": "a", "fallback": ["b"]},\n{"name": "b", "fallback": ["a"]}]}',
      ':2:28: models[1].fallback[0]',
      'circle: "b" → "a" → "b"',
    ],
    ['{"models": [{"name": "a", "fallback": ["a"]}]}', 'fallback[0]', 'circle: "a" → "a"'],
    [
      '{"models": [{"name": "a", "fallback": ["b", "b"]}, {"name": "b"}]}',
      'models[0].fallback[1]',
      'twice',
    ],
    [
      '{"models": [{"name": "a", "endpoint": "http://a", "endpoints": [{"url": "http://b"}]}]}',
      'models[0].endpoint:',
      'either "endpoint" or "endpoints"',
    ],
    [
      '{"models": [{"name": "a", "endpoints": [{"url": "http://b"}, {"url": "http://b"}]}]}',
      'models[0].endpoints[1].url',
      'weight',
    ],
    ['{"models": [{"name": "a", "endpoints": []}]}', 'models[0].endpoints', 'at least one'],
    ['{"models": [{"name": "a", "endpoints": [{"url": ""}]}]}', 'endpoints[0].url', 'has a URL'],
    ['{"models": [{"name": "a", "endpoints": [{"url": "host"}]}]}', '[0].url', 'https://'],
    [
      '{"models": [{"name": "a", "endpoints": [{"url": "http://b", "wieght": 2}]}]}',
      'endpoints[0].wieght',
      '"weight"',
    ],
    ['{"models": [{"name": "a", "load_balancing": "least"}]}', 'load_balancing', '"random"'],
    ['{"models": [{"name": "a", "retries": 11}]}', 'models[0].retries', '<=10'],
    ['{"models": [{"name": "a", "temperature": 3}]}', 'models[0].temperature', '<=2'],
    ['{"models": [{"name": "a", "provider": "opnai"}]}', 'models[0].provider', '"openai"'],
    ['{"models": [{"endpoint": "http://a"}]}', 'models[0].name', 'expected string'],
    ['{"models": [{"name": ""}]}', 'models[0].name', '>=1'],
    [`{"models": [{"name": "${'é'.repeat(64)}"}]}`, 'models[0].name', '127 bytes'],
    [
      '{"models": [{"name": "a"}, {"name": "a"}]}',
      'models[1].name',
      'another model with the name "a"',
    ],
    ['{"models": [{"name": "a"}], "default_model": "b"}', 'default_model', 'there are: a'],
    [
      `{"models": [{"name": "a", "api_key": "\${A-B}"}]}`,
      'models[0].api_key',
      'name of a variable',
    ],
    [
      '{"models": [{"name": "a", "headers": {"X Y": "z"}}]}',
      'models[0].headers',
      'not the name of a header',
    ],
    [
      '{"models": [{"name": "a", "headers": {"Host": "z"}}]}',
      'models[0].headers',
      'set by the engine',
    ],
    ['{"models": [{"name": "a", "headers": {"X": "a\\nb"}}]}', 'models[0].headers.X', 'one line'],
    [
      '{"models": [{"name": "a", "price": {"input": 1, "output": 1}}]}',
      'models[0].price',
      'stream_usage',
    ],
    ['{"models": [{"name": "a", "endpoint": "host"}]}', 'models[0].endpoint', 'https://'],
    ['{"models": []}', 'models', 'at least one'],
    ['[]', ':1:1', 'expected object'],
    ['{"models": [{"name": "a"}]', ':1:27', 'no JSON'],
  ] as const)('%s is refused', ([text, where, why]) => {
    const problem = problemOf(text);
    expect(problem).toContain(where);
    expect(problem).toContain(why);
  });

  test('is told with all of its problems at once', () => {
    const problem = problemOf('{"models": [\n{"name": "a", "ttl": -1},\n{"name": 7}]}');
    expect(problem).toMatch(
      /models\.json:2:\d+: models\[0\]\.ttl.*; models\.json:3:\d+: models\[1\]\.name/,
    );
  });
});

test('the committed JSON schema is the one that the code makes', () => {
  const committed = readFileSync(new URL('../../models.schema.json', import.meta.url), 'utf8');
  expect(committed, 'run: npm run schema').toBe(schemaFileText());
});

test('the example models.json of the checkout is valid', () => {
  const text = readFileSync(new URL('../../models.json', import.meta.url), 'utf8');
  expect(Registry.parse(text, {}).defaultName).toBe('preview');
});

describe('the choice of a model', () => {
  const registry = parse({
    default_model: 'std',
    models: ['std', 'a', 'b', 'c'].map((name) => ({ name })),
  });
  const choose = (chosen?: string, page?: string, directory?: string) => {
    const choice = registry.choose({ chosen, page, directory });
    return [choice.model.name, choice.unknown];
  };

  test('follows environment or header, then the page, then MuseAiModel, then the default', () => {
    expect(choose('a', 'b', 'c')).toEqual(['a', undefined]);
    expect(choose(undefined, 'b', 'c')).toEqual(['b', undefined]);
    expect(choose(undefined, undefined, 'c')).toEqual(['c', undefined]);
    expect(choose()).toEqual(['std', undefined]);
  });

  test('falls back to the default for an unknown name, and says the name', () => {
    expect(choose('x', 'b')).toEqual(['std', 'x']);
    expect(choose(undefined, 'constructor')).toEqual(['std', 'constructor']);
  });

  test('without models.json is the site’s, never a visitor’s', () => {
    const empty = Registry.empty();
    const wishes = { chosen: 'expensive', page: undefined, directory: 'llama' };
    expect(empty.choose(wishes)).toMatchObject({ model: { name: 'llama' }, unknown: 'expensive' });
    expect(empty.choose({ ...wishes, chosen: undefined, page: 'own' }).model.name).toBe('own');
    expect(empty.choose(wishes).model).toBe(empty.choose(wishes).model);
    expect(() => empty.choose({ ...wishes, directory: undefined })).toThrow(
      /MuseAiModels.*MuseAiEndpoint/,
    );
    expect(() => empty.choose({ ...wishes, page: 'x'.repeat(128) })).toThrow(
      /the model "x+…": a name has at most 127 bytes/,
    );
  });
});

describe('fallbacks', () => {
  const registry = parse({
    models: [
      { name: 'a', fallback: ['b', 'c'] },
      { name: 'b', fallback: ['d', 'c'] },
      { name: 'c' },
      { name: 'd' },
    ],
  });
  const chain = (name: string) => {
    const asked = registry.models.get(name);
    return asked === undefined ? [] : chainOf(asked).map((each) => each.name);
  };

  test('are asked in their order, each with its own behind it, and none twice', () => {
    expect(chain('a')).toEqual(['a', 'b', 'd', 'c']);
    expect(chain('b')).toEqual(['b', 'd', 'c']);
    expect(chain('c')).toEqual(['c']);
  });

  test('are the very models that are in force', () => {
    expect(registry.models.get('a')?.fallback[0]).toBe(registry.models.get('b'));
    expect([...registry.models.keys()]).toEqual(['a', 'b', 'c', 'd']);
  });

  test('and how a model is reached do not shape its answers, but the endpoints do', () => {
    const urls = (...all: string[]) => ({ endpoints: all.map((url) => ({ url })) });
    const digest = (fields: object) => digestOf(model(fields).shape).toString('hex');
    const one = digest(urls('http://a', 'http://b'));
    expect(digest({ ...urls('http://b', 'http://a'), retries: 0, load_balancing: 'random' })).toBe(
      one,
    );
    expect(digest(urls('http://a', 'http://c'))).not.toBe(one);
    expect(digest(urls('http://a'))).toBe(digest({ endpoint: 'http://a' }));
  });
});

describe('a model’s key', () => {
  const backend = { server: 'main:80', endpoint: 'http://default', apiKey: 'default-key' };

  test('goes to its own endpoint, the default key to the default endpoint only', () => {
    expect(targetsOf(model({}), backend)).toEqual([
      { url: 'http://default/v1', apiKey: 'default-key', weight: 1 },
    ]);
    expect(targetsOf(model({ api_key: 'own' }), backend)).toEqual([
      { url: 'http://default/v1', apiKey: 'own', weight: 1 },
    ]);
    expect(targetsOf(model({ endpoint: 'http://own' }), backend)).toEqual([
      { url: 'http://own/v1', apiKey: undefined, weight: 1 },
    ]);
    expect(targetsOf(model({ endpoint: 'http://own', api_key: 'own' }), backend)).toEqual([
      { url: 'http://own/v1', apiKey: 'own', weight: 1 },
    ]);
  });

  test('from a variable that is not passed makes the model unavailable, and says PassEnv', () => {
    const broken = model({ endpoint: 'http://own', api_key: `\${OPENAI_KEY}` });
    expect(broken.unavailable).toMatch(/"m".*OPENAI_KEY.*"PassEnv OPENAI_KEY"/);
    expect(() => targetsOf(broken, backend)).toThrow(expect.objectContaining({ status: 503 }));
  });

  test('never goes to the default endpoint because the model’s own is missing', () => {
    const broken = model({ endpoint: `http://\${HOST}/v1`, api_key: 'own' });
    expect(() => targetsOf(broken, backend)).toThrow(/HOST/);
  });

  test('has nowhere to go without an endpoint: the log says what to set', () => {
    const nowhere = { server: 'b:80', endpoint: undefined, apiKey: 'k' };
    expect(() => targetsOf(model({}), nowhere)).toThrow(
      /"m".*MuseAiEndpoint.*b:80.*MUSE_AI_ENDPOINT/,
    );
    expect(() => targetsOf(model({}), { ...nowhere, endpoint: 'x' })).toThrow(/b:80.*https:/);
  });
});

describe('a model’s digest', () => {
  const backends = [{ server: 'main:80', endpoint: 'http://default', apiKey: 'k' }];
  const digest = (fields: object, environment = {}, over = backends) =>
    parse({ models: [{ name: 'm', ...fields }] }, environment)
      .published(over)[0]
      ?.digest.toString('hex');
  const base = { endpoint: 'http://a', api_key: 'one', temperature: 1 };

  test('is twenty bytes and the same for the same settings in any order', () => {
    expect(digest(base)).toMatch(/^[0-9a-f]{40}$/);
    expect(digest({ temperature: 1, api_key: 'one', endpoint: 'http://a' })).toBe(digest(base));
  });

  test.for([
    { model: 'x' },
    { endpoint: 'http://b' },
    { temperature: 0.5 },
    { top_p: 0.5 },
    { max_tokens: 5 },
    { stop: ['x'] },
    { headers: { 'X-Mode': 'a' } },
    { reasoning: 'show' },
    { provider: 'preview' },
  ])('changes with what shapes an answer: %j', (change) => {
    expect(digest({ ...base, ...change })).not.toBe(digest(base));
  });

  test.for([
    { api_key: 'two' },
    { api_key: undefined },
    { ttl: 5 },
    { timeouts: { total: 3 } },
    { stream_usage: true },
    { headers: { Authorization: 'Basic abc' } },
    { headers: { 'X-Api-Key': 'abc' } },
  ])('does not change with keys, times and accounting: %j', (change) => {
    expect(digest({ ...base, ...change })).toBe(digest(base));
  });

  test('does not hold a variable’s value in a header', () => {
    const fields = { headers: { 'X-Org': `\${ORG}` } };
    expect(digest(fields, { ORG: 'a' })).toBe(digest(fields, { ORG: 'b' }));
  });

  test('of a model without an endpoint depends on the default ones, not on their keys', () => {
    const moved = [{ server: 'main:80', endpoint: 'http://other', apiKey: 'k' }];
    const rekeyed = [{ server: 'main:80', endpoint: 'http://default', apiKey: 'k2' }];
    expect(digest({}, {}, moved)).not.toBe(digest({}));
    expect(digest({}, {}, rekeyed)).toBe(digest({}));
    expect(digest({ endpoint: 'http://a' }, {}, moved)).toBe(digest({ endpoint: 'http://a' }));
  });

  test('is published with the ttl that models.json says, and without one that it does not', () => {
    const published = parse({ models: [{ name: 'a', ttl: 7 }, { name: 'b' }] }).published(backends);
    expect(published.map(({ name, ttl }) => [name, ttl])).toEqual([
      ['a', 7],
      ['b', undefined],
    ]);
    expect(published[1]).not.toHaveProperty('ttl');
  });
});

test('canonical JSON has its fields in order at every depth, and arrays as they are', () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }, 3], a: null })).toBe(
    '{"a":null,"b":[{"c":2,"d":1},3]}',
  );
  expect(digestOf({ a: 1, b: 2 })).toEqual(digestOf({ b: 2, a: 1 }));
});
