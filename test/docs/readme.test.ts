import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkout, Document, plain, tableRows } from './document.ts';

const readme = new Document('README.md');

test('the README names the two commands', () => {
  const commands = readme.fences
    .filter(({ language }) => language === 'sh')
    .map(({ text }) => text);
  expect(commands).toEqual(expect.arrayContaining(['npm start\n', 'npm test\n']));
});

test('the README shows the demo and leads to HOWTO and licence', () => {
  for (const target of ['docs/demo.png', 'HOWTO.md', 'LICENSE']) {
    expect(readme.text).toContain(`](${target})`);
  }
});

test('the README’s first page takes five lines of configuration', () => {
  const [configuration] = readme.fences.filter(({ language }) => language === 'apache');
  expect(configuration?.text.trimEnd().split('\n')).toHaveLength(5);
});

test('the README’s tree names every folder of sources', () => {
  const named = tableRows(readme.section('The tree').text).map(([folder]) => plain(folder));
  const present = readdirSync(checkout, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .filter((name) => !['node_modules', 'build', 'dist', 'docs'].includes(name));
  const tops = new Set(named.map((folder) => folder.split('/')[0]));
  expect([...tops].sort()).toEqual(present.sort());
});
