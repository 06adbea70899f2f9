import { expect, test } from 'vitest';
import { Registry } from '../../src/models/registry.ts';
import { createProviderDirectory } from '../../src/providers/directory.ts';
import type { Transport } from '../../src/providers/transport.ts';
import { Secrets } from '../../src/secrets.ts';
import { ManualClock } from './support/clock.ts';
import { eventsOf } from './support/provider.ts';

const main = { server: 'main:80', endpoint: 'http://main', apiKey: 'key-of-main' };
const host = { server: 'host:80', endpoint: 'http://host', apiKey: 'key-of-host' };
const request = {
  messages: [],
  temperature: undefined,
  maxTokens: undefined,
  contentType: 'text/html',
  timeout: 1,
};

function open() {
  const secrets = new Secrets();
  const sent: [string, string | undefined][] = [];
  const transport: Transport = ({ origin, path, headers }, _body, listener) => {
    sent.push([origin + path, headers.authorization]);
    queueMicrotask(() => {
      listener.head(500, () => undefined);
      listener.end();
    });
    return () => undefined;
  };
  const directory = createProviderDirectory({ transport, clock: new ManualClock(), secrets });
  return { directory, secrets, sent };
}

const registryOf = (...models: object[]) => Registry.parse(JSON.stringify({ models }), {});

test('a model has one provider for each server, and another after a reload', () => {
  const { directory } = open();
  const find = (registry: Registry, backend = main) => {
    const model = registry.models.get('m');
    if (model === undefined) throw new Error('no model');
    return directory.find(model, backend);
  };
  const before = registryOf({ name: 'm' });
  expect(find(before)).toBe(find(before));
  expect(find(before)).not.toBe(find(before, host));
  expect([find(before).url, find(before, host).url]).toEqual(['http://main/v1', 'http://host/v1']);
  expect(find(registryOf({ name: 'm' }))).not.toBe(find(before));
});

test('each call goes to the endpoint of its model and server, with that one’s key only', async () => {
  const { directory, sent, secrets } = open();
  const registry = registryOf(
    { name: 'default', retries: 0 },
    { name: 'own', retries: 0, endpoint: 'http://own', api_key: 'key-of-own' },
    { name: 'keyless', retries: 0, endpoint: 'http://keyless' },
    { name: 'rekeyed', retries: 0, api_key: 'key-of-rekeyed' },
  );
  for (const model of registry.models.values()) {
    for (const backend of [main, host]) {
      const { provider } = directory.find(model, backend);
      const first = eventsOf(provider, request).next();
      await expect(first).rejects.toMatchObject({ status: 502 });
    }
  }
  const at = (name: string) => `http://${name}/v1/chat/completions`;
  expect(sent).toEqual([
    [at('main'), 'Bearer key-of-main'],
    [at('host'), 'Bearer key-of-host'],
    [at('own'), 'Bearer key-of-own'],
    [at('own'), 'Bearer key-of-own'],
    [at('keyless'), undefined],
    [at('keyless'), undefined],
    [at('main'), 'Bearer key-of-rekeyed'],
    [at('host'), 'Bearer key-of-rekeyed'],
  ]);
  expect(secrets.redact('key-of-own, key-of-host')).toBe('[hidden], [hidden]');
});

test('a preview needs neither endpoint nor key', () => {
  const { directory } = open();
  const [model] = registryOf({ name: 'p', provider: 'preview' }).models.values();
  if (model === undefined) throw new Error('no model');
  const nowhere = { server: 'main:80', endpoint: undefined, apiKey: undefined };
  expect(directory.find(model, nowhere).url).toBeUndefined();
});
