import MarkdownIt from 'markdown-it';
import { describe, expect, test } from 'vitest';
import { createCleaner } from '../../src/cleaning/cleaner.ts';
import { MarkdownBlocks } from '../../src/rendering/markdown-blocks.ts';
import { MarkdownCleaner } from '../../src/rendering/markdown-cleaner.ts';
import { cpuTime } from './support/cpu-time.ts';
import { seededRandom } from './support/random.ts';

function render(pieces: Iterable<string>): string {
  const blocks = new MarkdownBlocks();
  let out = '';
  for (const piece of pieces) out += blocks.push(piece);
  return out + blocks.end();
}

const BLOCKS = [
  '# Title',
  'A paragraph of words\nover two lines.',
  '- one\n- two\n\n  more of two',
  '- an item that is long enough',
  '1. first\n2. second',
  '10. tenth, after a blank line',
  '```js\nlet a;\n\nlet b;\n```',
  '    indented code',
  '  indented text that is long',
  '> quoted\nlazily',
  '| a | b |\n|---|---|\n| 1 | 2 |',
  '***',
  'Setext\n===',
  '-5 degrees are no item',
  '<div>raw & plain</div>',
  '[x]: https://example.org/',
  '[y]: https://example.org/longer "Title"\n\nSee [y], as defined.',
  'Carriage returns\rin a paragraph.',
  'See [x] and `code`.',
  '~~~\nopen fence',
  '',
];

test('block by block gives what all at once gives, however it is split', () => {
  const { seed, below } = seededRandom();
  const whole = new MarkdownIt();
  for (let round = 0; round < 1_500; round += 1) {
    const blocks = Array.from({ length: 1 + below(7) }, () => BLOCKS[below(BLOCKS.length)] ?? '');
    // A definition serves what follows it only.
    const source = ['[x]: https://example.org/', ...blocks].join('\n\n');
    const message = `MUSE_TEST_SEED=${seed}, round ${round}: ${JSON.stringify(source)}`;
    const pieces = source.match(new RegExp(`.{1,${1 + below(9)}}`, 'gs')) ?? [];
    expect(render(pieces), message).toBe(whole.render(source));
  }
});

describe('a block comes as soon as the next one has begun', () => {
  test.each([
    ['# Title\n\nThe paragraph after it', '<h1>Title</h1>\n'],
    ['One.\n\nTwo begins like so', '<p>One.</p>\n'],
    ['- a\n- b\n\nThen comes text', '<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n'],
    ['- a\n\n- an item of the same list', ''],
    ['```\na\n\nb is long enough to know', ''],
  ])('%j', (source, out) => expect(new MarkdownBlocks().push(source)).toBe(out));
});

test.each([
  '- item that is long\n\n',
  '```\ncode\n\n',
  'word ',
  'A paragraph of text.\n\n',
  '> ',
  '[',
])('the work is linear for %j', (unit) => {
  const time = (size: number): number => {
    const pieces = unit.repeat(size / unit.length).match(/.{1,4}/gs) ?? [];
    return cpuTime(() => render(pieces));
  };
  // Squares would make it 256 times as much.
  expect(time(65_536)).toBeLessThan(64 * time(4_096) + 500);
});

test('an answer in a fence, or with reasoning before it, is rendered without', () => {
  for (const answer of [
    '```markdown\n# A "title" & <b>\n\nText.\n```',
    '<think>Hm.</think>\n# A "title" & <b>\n\nText.',
  ]) {
    const text = createCleaner({ contentType: 'text', reasoning: 'hide' });
    const cleaner = new MarkdownCleaner(text, {});
    const out = cleaner.push(answer) + cleaner.end();
    expect(cleaner.outcome).toBe('answer');
    expect(out).toContain('<title>A &quot;title&quot; &amp; &lt;b&gt;</title>');
    expect(out).toMatch(/<main>\n<h1>A .*<\/h1>\n<p>Text\.<\/p>\n<\/main>\n<\/html>\n$/s);
  }
});

test('an empty answer is no document', () => {
  const text = createCleaner({ contentType: 'text', reasoning: 'hide' });
  const cleaner = new MarkdownCleaner(text, { title: 'x' });
  expect(cleaner.push(' \n') + cleaner.end()).toBe('');
  expect(cleaner.outcome).toBe('blank');
});
