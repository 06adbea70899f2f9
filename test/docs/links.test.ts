import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { checkout, Document } from './document.ts';

const documents = ['README.md', 'HOWTO.md', 'SECURITY.md', 'docs/request.md'].map(
  (name) => new Document(name),
);

/** Links and pictures, `[text](target)`, that do not lead out of this checkout. */
function linksIn(document: Document): string[] {
  const prose = document.text.replace(/^```.*?^```$/gms, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^https?:/.test(target));
}

/** The anchors that GitHub makes of a document's headings. */
function anchorsOf(document: Document): Set<string> {
  return new Set(
    document.sections.map(({ title }) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    ),
  );
}

test.each(documents)('every link in $name leads somewhere', (document) => {
  for (const link of linksIn(document)) {
    const [named = '', anchor] = link.split('#');
    const path = named === '' ? '' : join(dirname(document.name), named);
    expect([link, path === '' || existsSync(join(checkout, path))]).toEqual([link, true]);
    if (anchor === undefined || !(path === '' || path.endsWith('.md'))) continue;
    const target = path === '' ? document : new Document(path);
    expect([link, anchorsOf(target).has(anchor)]).toEqual([link, true]);
  }
});

test('the HOWTO begins with a list of all its tasks', () => {
  const howto = documents[1];
  const tasks = howto?.sections.filter(({ level }) => level === 2).map(({ title }) => title);
  const listed = [...(howto?.text.matchAll(/^- \[(.+)\]\(#.+\)$/gm) ?? [])].map(
    ([, title]) => title,
  );
  expect(listed).toEqual(tasks);
});

test('no paragraph has lines of more than 100 columns', () => {
  for (const { name, text } of documents) {
    const lines = text.split('\n').map((line, i) => ({ where: `${name}:${i + 1}`, line }));
    const long = lines.filter(({ line }) => [...line].length > 100 && !line.startsWith('|'));
    expect(long).toEqual([]);
  }
});
