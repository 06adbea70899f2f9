import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MuseError } from '../../src/errors.ts';
import { frontMatterSchema, splitFrontMatter } from '../../src/pages/front-matter.ts';
import { holds } from './support/property.ts';

const names = Object.keys(frontMatterSchema.shape);

/** Pieces of YAML, right and wrong. */
const piece = fc.oneof(
  fc.constantFrom(...names.map((name) => `${name}: `)),
  fc.constantFrom('\n', ' ', '  ', '- ', '"', "'", '[', ']', '{', '}', '&a ', '*a', '!!js ', '|\n'),
  fc.constantFrom('a', '5', '-1', '1e9', 'true', 'null', '~', '0x10', '2024-01-01', '# x', ': '),
  fc.constantFrom(
    '---',
    '...',
    '%YAML 1.2',
    '<<: ',
    '? ',
    '\t',
    '\r\n',
    '\u0000',
    '\u2028',
    '@',
    '`',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const yaml = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''));

test('front matter is read or refused with its place, whatever it is', () => {
  holds([yaml, fc.constantFrom('\n', '\r\n'), fc.boolean()], (made, end, closed) => {
    const text = `---${end}${made}${closed ? `${end}---${end}` : ''}Write about herons.`;
    try {
      const page = splitFrontMatter('/w/p.ai', text);
      expect(frontMatterSchema.safeParse(page.settings).success).toBe(true);
      const lines = text.split(/\r?\n/);
      expect(page.template).toBe(
        page.templateLine === 1 ? text : lines.slice(page.templateLine - 1).join('\n'),
      );
    } catch (error) {
      expect(error).toBeInstanceOf(MuseError);
      expect(error).toMatchObject({
        code: 'page-front-matter',
        message: expect.stringMatching(/^\/w\/p\.ai:\d+/),
      });
    }
  });
});

test('what is set comes out as it was set', () => {
  const word = fc.stringMatching(/^[A-Za-z][\w .]{0,20}[A-Za-z]$/);
  const settings = fc.record(
    {
      model: word,
      title: word,
      ttl: fc.integer({ min: 0, max: 31_536_000 }),
      temperature: fc.double({ min: 0, max: 2, noNaN: true }).map((n) => Number(n.toFixed(3))),
      max_tokens: fc.integer({ min: 0, max: 200_000 }),
      stop: fc.array(word, { minLength: 1, maxLength: 4 }),
      cache_post: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  holds([settings, fc.string({ unit: 'grapheme' })], (set, prompt) => {
    const lines = Object.entries(set).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
    const page = splitFrontMatter('/w/p.ai', ['---', ...lines, '---', prompt].join('\n'));
    expect(page.settings).toEqual(set);
    expect(page.template).toBe(prompt.replaceAll('\r\n', '\n'));
  });
});
