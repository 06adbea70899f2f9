import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCleaner } from '../../src/cleaning/cleaner.ts';
import { cut, holds, splits } from './support/property.ts';

/** Words of a thought: what could end it early or look like a page, but for its own end. */
const thought = fc
  .array(
    fc.constantFrom(
      ...['wombat', ' ', '\n', '<p>', '<!doctype html>', '</html>', '```', '```html\n', '<b', '"'],
      ...['</thin', '</', '<', '>', '<!--', '-->', '<script>', '<html>', 'é', '🐝'],
    ),
    { maxLength: 15 },
  )
  .map((words) => `wombat${words.join('')}wombat`);
const around = fc.constantFrom('', '\n', ' \n\n', '\r\n');
const page = '<!doctype html><html><body><p>A page.</p></body></html>';

test('what is thought before the page never leaks, wherever the answer is split', () => {
  const name = fc.constantFrom('think', 'thinking', 'reasoning');
  const fence = fc.constantFrom(['', ''] as const, ['```html\n', '\n```'] as const);
  holds(
    [thought, name, around, around, fence, splits],
    (said, tag, before, behind, marks, lengths) => {
      const answer = `${before}<${tag}>${said}</${tag}>${behind}${marks[0]}${page}${marks[1]}`;
      const cleaner = createCleaner({ contentType: 'html', reasoning: 'hide' });
      let out = '';
      for (const piece of cut(answer, lengths)) {
        out += cleaner.push(piece);
        expect(out).not.toContain('wombat');
      }
      expect(out + cleaner.end()).toBe(page);
    },
  );
});

test('nor does a thought that has no end', () => {
  holds([thought, around, splits], (said, before, lengths) => {
    const cleaner = createCleaner({ contentType: 'html', reasoning: 'hide' });
    let out = '';
    for (const piece of cut(`${before}<think>${said}`, lengths)) out += cleaner.push(piece);
    out += cleaner.end();
    expect(out).not.toContain('wombat');
    expect(cleaner.outcome).toBe('only-reasoning');
  });
});
