import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Chromium, findChromium } from '../harness/live-browser.ts';
import { checkout, Document } from './document.ts';

const text = new Document('docs/request.md');
const drawn = join(checkout, 'docs', 'request.svg');
const drawing = readFileSync(drawn, 'utf8');

/** The numbered steps, `1 Enabled?`, as the drawing has them. */
function drawnSteps(): string[] {
  const titles = drawing.matchAll(/<tspan class="number">(\d+)<\/tspan> ([^<]+)<\/text>/g);
  return [...titles].map(([, number, title]) => `${number} ${title}`).sort(byNumber);
}

function byNumber(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10);
}

/** The titles of what may fail, which have no numbers. */
function drawnFailures(): string[] {
  return [...drawing.matchAll(/<text class="title"[^>]*>([^<]+)<\/text>/g)].map(
    ([, title = '']) => title,
  );
}

describe('the drawing and the text of a request’s way', () => {
  test('have the same steps, in the same order', () => {
    const titles = text.sections.filter(({ level }) => level === 3).map(({ title }) => title);
    const steps = titles.filter((title) => /^\d/.test(title));
    expect(steps.length).toBeGreaterThan(10);
    expect(drawnSteps()).toEqual(steps);
    expect(drawnFailures()).toEqual(titles.filter((title) => !/^\d/.test(title)));
  });

  test('name for each step the source that takes it', () => {
    const steps = text.sections.filter(({ level }) => level === 3);
    for (const { title, text: said } of steps) {
      // That the files exist is tested with all other links.
      const sources = said.match(/\[[\w.-]+\.(?:c|h|ts)\]\(\.\.\/[\w/.-]+\)/g) ?? [];
      expect([title, sources.length > 0]).toEqual([title, true]);
    }
    for (const [, name, path] of text.text.matchAll(/\[([\w.-]+)\]\(\.\.\/([\w/.-]+)\)/g)) {
      expect(path?.split('/').at(-1)).toBe(name);
    }
  });

  test('are led to by README and HOWTO', () => {
    for (const name of ['README.md', 'HOWTO.md']) {
      expect(new Document(name).text).toContain('](docs/request.md)');
    }
    expect(text.text).toContain('](request.svg)');
  });
});

describe('the drawing', () => {
  test('has a title and a description, both colour schemes, and nothing from outside', () => {
    expect(drawing).toMatch(/role="img" aria-labelledby="title desc"/);
    expect(drawing).toMatch(/<title id="title">[^<]+<\/title>/);
    expect(drawing).toMatch(/<desc id="desc">[^<]+<\/desc>/);
    expect(drawing).toContain('@media (prefers-color-scheme: dark)');
    const addresses = drawing.match(/https?:[^"]*/g);
    expect(addresses).toEqual(['http://www.w3.org/2000/svg']);
    expect(drawing).not.toMatch(/<script|<image|@import|href=/);
    for (const [, target] of drawing.matchAll(/url\(([^)]*)\)/g)) expect(target).toMatch(/^#/);
  });

  const program = findChromium();

  /** `apt-get install chromium` (or a Chrome) lets this run. */
  test.skipIf(program === undefined)(
    'keeps every text in its box',
    async () => {
      const browser = await Chromium.start(program ?? '');
      onTestFinished(() => browser.close());
      const tab = await browser.open(pathToFileURL(drawn).href);
      const outside = `JSON.stringify([...document.querySelectorAll('g text')].filter((text) => {
      const [inner, outer] = [text, text.parentNode.querySelector('rect')].map((each) =>
        each.getBoundingClientRect());
      return inner.right > outer.right - 4 || inner.bottom > outer.bottom;
    }).map((text) => text.textContent))`;
      const texts = () => tab.evaluate(`document.querySelectorAll('g text').length`);
      await expect.poll(texts, { timeout: 20_000 }).toBeGreaterThan(40);
      expect(await tab.evaluate(outside)).toBe('[]');
    },
    60_000,
  );
});
