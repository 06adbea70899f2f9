import { describe, expect, test } from 'vitest';
import { EngineReporter } from '../../src/engine-report.ts';
import { MuseError } from '../../src/errors.ts';
import { costOf, factsFrom, factsOf, notesOf } from '../../src/facts.ts';
import { buildModel } from '../../src/models/model.ts';
import { Registry } from '../../src/models/registry.ts';
import { modelSchema } from '../../src/models/schema.ts';
import { EndpointMemory } from '../../src/providers/endpoints.ts';
import { Secrets } from '../../src/secrets.ts';

const backends = [{ server: 'main', endpoint: 'http://default/v1', apiKey: undefined }];

function reporterOf(models: readonly object[], secrets = new Secrets()) {
  const registry = Registry.parse(JSON.stringify({ models }), {});
  const endpoints = new EndpointMemory();
  const source = { registry, state: 'loaded' as const };
  const reporter = new EngineReporter({ models: source, backends, endpoints, secrets });
  return { reporter, endpoints, model: (name: string) => registry.models.get(name) };
}

describe('what the engine says of itself', () => {
  test('names each endpoint of each model, each once', () => {
    const { reporter } = reporterOf([
      { name: 'a' },
      { name: 'b', endpoints: [{ url: 'http://one' }, { url: 'http://two/v1' }] },
      { name: 'c', provider: 'preview' },
      { name: 'd', endpoint: 'http://three', api_key: `\${NOT_SET}` },
    ]);
    const { endpoints, inFlight } = reporter.report(0, 3);
    expect(inFlight).toBe(3);
    expect(endpoints.map(({ model, url, state }) => [model, url, state])).toEqual([
      ['a', 'http://default/v1', 'untried'],
      ['b', 'http://one/v1', 'untried'],
      ['b', 'http://two/v1', 'untried'],
      ['c', '', 'untried'],
      ['d', 'http://three/v1', 'unusable'],
    ]);
  });

  test('tells the state of each from what became of its calls', () => {
    const { reporter, endpoints, model } = reporterOf([{ name: 'a', endpoint: 'http://one' }]);
    const a = model('a');
    if (a === undefined) throw new Error('no model');
    const experience = endpoints.find(a, 'http://one/v1', undefined);
    const stateAt = (now: number) => reporter.report(now, 0).endpoints[0];
    experience.last = 'answered';
    expect(stateAt(0)?.state).toBe('up');
    experience.last = 'provider-failed';
    expect(stateAt(0)?.state).toBe('failing');
    experience.circuit.failed('ordinary', 0, { failures: 1, cooldown: 10 }, undefined);
    expect(stateAt(1_000)).toMatchObject({ state: 'resting', restMs: 9_000 });
    experience.last = new MuseError('provider-busy', '').code;
    expect(stateAt(1_000)?.state).toBe('limited');
    expect(stateAt(10_000)).toMatchObject({ state: 'failing', restMs: 0 });
  });

  test('has no secret, no address that is too long, and says what found no room', () => {
    const secrets = new Secrets();
    secrets.add('a-secret-path');
    const urls = Array.from({ length: 32 }, (_, i) => ({ url: `http://host/${i}` }));
    const { reporter } = reporterOf(
      [
        { name: 'a', endpoint: 'http://host/a-secret-path/v1' },
        { name: 'b', endpoint: `http://host/${'x'.repeat(400)}` },
        { name: 'c', endpoints: urls },
        { name: 'd', endpoints: urls },
      ],
      secrets,
    );
    const { endpoints, leftOut } = reporter.report(0, 0);
    expect([endpoints.length, leftOut]).toEqual([64, 2]);
    expect(endpoints[0]?.url).toBe('http://host/[hidden]/v1');
    expect(endpoints[1]?.url).toHaveLength(255);
  });
});

describe('the facts of an answer', () => {
  const model = buildModel(
    modelSchema.parse({ name: 'm', price: { input: 0.15, output: 0.6 }, stream_usage: true }),
    {},
  );
  const usage = { inputTokens: 1_000, outputTokens: 200 };

  test('have a cost in billionths, exact where it can be', () => {
    expect(costOf(model, usage)).toBe(270_000);
    expect(factsOf(model, usage)).toEqual({ model: 'm', tokens: 1_200, cost: '0.000270000' });
    expect(factsOf(model, undefined)).toEqual({ model: 'm' });
    const free = buildModel(modelSchema.parse({ name: 'free' }), {});
    expect(factsOf(free, usage)).toEqual({ model: 'free', tokens: 1_200 });
  });

  test('are the same when they come back from their notes', () => {
    for (const facts of [factsOf(model, usage), factsOf(model, undefined)]) {
      expect(factsFrom(new Map(notesOf(facts)))).toEqual(facts);
    }
    expect(factsFrom(new Map())).toBeUndefined();
  });
});
