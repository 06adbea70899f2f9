import { expect, test } from 'vitest';
import { Backends } from '../../src/backends.ts';
import { pageRequest } from './support/reply.ts';

const backend = (name: string) => ({ name, server: `${name}:80`, endpoint: '', apiKey: undefined });
const named = new Backends([backend('main'), backend('host')], [backend('old')]);
const params = (fields: Record<string, string>) => new Map(Object.entries(fields));

test('backends are found by their names, those of before a restart too', () => {
  for (const name of ['main', 'host', 'old']) expect(named.find(name)?.name).toBe(name);
  for (const name of ['', '0', 'HOST']) expect(named.find(name)).toBeUndefined();
  expect(named.find(undefined)?.name).toBe('main');
});

test('a request is for this engine if it names a backend of it, or none', () => {
  expect(named.knows(params({ MUSE_BACKEND: 'host' }))).toBe(true);
  expect(named.knows(params({ MUSE_BACKEND: 'old' }))).toBe(true);
  expect(named.knows(params({ MUSE_ADMIN: 'status' }))).toBe(true);
  expect(named.knows(params({ MUSE_BACKEND: '1' }))).toBe(false);
});

test('a request from before a restart has no page key to keep anything under', () => {
  const keyed = (name: string) =>
    pageRequest('/page.ai', { MUSE_BACKEND: name, MUSE_PAGE_KEY: 'ab', QUERY_STRING: 'a=b' });
  const now = keyed('host');
  expect(named.admit(now)).toBe(now);
  const { params: left, body, signal } = named.admit(keyed('old'));
  expect([left.get('MUSE_PAGE_KEY'), left.get('QUERY_STRING')]).toEqual([undefined, 'a=b']);
  expect([body, signal]).toEqual([expect.anything(), expect.any(AbortSignal)]);
});

test('a backend that is in force again is one like others', () => {
  const again = new Backends([backend('main')], [backend('main')]);
  const request = pageRequest('/page.ai', { MUSE_BACKEND: 'main', MUSE_PAGE_KEY: 'ab' });
  expect(again.admit(request)).toBe(request);
});
