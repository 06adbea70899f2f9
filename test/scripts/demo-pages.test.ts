import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const htdocs = join('demo', 'htdocs');
const files = readdirSync(htdocs, { recursive: true, encoding: 'utf8' });
const pages = files.filter((file) => /\.(?:ai|html)$/.test(file));
const front = readFileSync(join('demo', 'index.html'), 'utf8');
const texts = [front, ...pages.map((name) => readFileSync(join(htdocs, name), 'utf8'))];

/** Whether a link, or a prompt that asks for one, leads to the file's address. */
function isNamed(file: string): boolean {
  const address = file.replace(/(?:(?<=\/)index)?\.ai$/, '');
  const link = new RegExp(`(?:href="| )/${address}(?:\\.ai)?(?![\\w/])`);
  return texts.some((text) => link.test(text));
}

test('every page of the demo is found from its front page', () => {
  /** `_part.ai` is included, and `page.es.ai` stands in for `page.ai`. */
  const own = pages.filter((file) => !/(?:^|\/)_|\.[\w-]+\.ai$/.test(file));
  expect(own.length).toBeGreaterThan(10);
  expect(own.filter((file) => !isNamed(file))).toEqual([]);
});

test('a page that talks to the server shows what it does without scripts', () => {
  for (const file of pages.filter((name) => name.endsWith('.html'))) {
    const text = readFileSync(join(htdocs, file), 'utf8');
    expect([file, text.includes('class="terminal"')]).toEqual([file, true]);
    expect([file, text.includes('href="/"')]).toEqual([file, true]);
  }
});
