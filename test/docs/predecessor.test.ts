import { expect, test } from 'vitest';
import { full, idle } from '../server/predecessor-configurations.ts';
import { readDirectiveTable } from './directive-table.ts';
import { Document, plain, tableRows } from './document.ts';

const { text } = new Document('HOWTO.md').section("Bring the predecessor's configuration");
const table = tableRows(text).map(([name = '', says = '']) => ({ name: plain(name), says }));
const directives = new Map(readDirectiveTable().map((row) => [row.name, row]));

test('the table has every directive of the predecessor, each once, and no other', () => {
  const lines = full({ first: 'http://a/v1', second: 'http://b/v1' }, '/prompts');
  const names = lines.flatMap((line) => /^MuseAi\w+/.exec(line) ?? []);
  expect(table.map(({ name }) => name).sort()).toEqual([...new Set(names)].sort());
});

test('what the table says has no effect has none, and nothing else', () => {
  const without = table.filter(({ says }) => says.startsWith('no effect: '));
  const names = without.map(({ name }) => name).sort();
  const registered = [...directives.values()].filter(({ hasEffect }) => !hasEffect);
  expect(names).toEqual(registered.map(({ name }) => name).sort());
  expect(names).toEqual([...idle].sort());
});

test('the table leads to the reference of what does something', () => {
  for (const { name, says } of table) {
    expect(directives.has(name)).toBe(true);
    if (directives.get(name)?.hasEffect) expect(says).toContain(`(#${name.toLowerCase()})`);
  }
});
