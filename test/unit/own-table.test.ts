import { beforeEach, expect, test } from 'vitest';
import { ownTable, type TableOfEngines } from '../../src/models/own-table.ts';
import type { PublishedModel } from '../../src/models/registry.ts';

const OWN = 100;
const models: PublishedModel[] = [{ name: 'm', digest: Buffer.alloc(20) }];
let record: ReturnType<TableOfEngines['engine']>;
let published: number;

const region: TableOfEngines = {
  engine: () => record,
  publishModels: () => {
    published += 1;
  },
};
const publish = (table = ownTable(region, 0, OWN)) => {
  published = 0;
  table.publishModels(models, 0);
  return published;
};

beforeEach(() => {
  record = { pid: OWN, state: 'starting' };
});

test('an engine publishes its models, also while the record is that of the one before', () => {
  expect(publish()).toBe(1);
  record = { pid: 99, state: 'ready' };
  expect(publish()).toBe(1);
});

test('one that another has replaced publishes no more, until it is alone again', () => {
  const table = ownTable(region, 0, OWN);
  expect(publish(table)).toBe(1);
  for (const state of ['starting', 'ready'] as const) {
    record = { pid: 101, state };
    expect(publish(table)).toBe(0);
  }
  // The other has failed to start.
  record = { pid: 0, state: 'down' };
  expect(publish(table)).toBe(1);
});
