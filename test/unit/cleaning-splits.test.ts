import { describe, expect, test } from 'vitest';
import { createCleaner } from '../../src/cleaning/cleaner.ts';
import type { Cleaner } from '../../src/cleaning/cleaning.ts';
import { HELD_MAX } from '../../src/cleaning/prelude.ts';
import { seededRandom } from './support/random.ts';

/** The longest run of marks and white space that may be a closing fence, and a tag. */
const HELD_LATER_MAX = 512;
const SIZE = 131_072;

const { seed, below: next } = seededRandom();

/** What the cleaning looks for, and what only looks like it. */
const WORDS = [
  ...[
    '<!doctype html>',
    '<!DOCTYPE',
    '<html>',
    '<html lang="en">',
    '</html>',
    '</HTML >',
    '</body>',
  ],
  ...['```', '```html', '````', '~~~', '`', '``', '```js', '\n', '\n\n', '\r\n', ' ', '\t'],
  ...['<think>', '</think>', '<thinking>', '</reasoning>', 'think', '<th', '</'],
  ...['<script>', '</script>', '<style>', '</style>', '<!--', '-->', '--', '<!', '<pre>', '</pre>'],
  ...['<textarea>', '</textarea>', '<title>', '</title>', '<div>', '</div>', '<p class="', '">'],
  ...[
    '<svg>',
    '</svg>',
    '<![CDATA[',
    ']]>',
    "'",
    '"',
    '=',
    '>',
    '<',
    '/',
    '&',
    ':',
    'word',
    '🐝',
    'é',
  ],
];

function randomAnswer(): string {
  let answer = '';
  for (let words = 1 + next(30); words > 0; words -= 1) answer += WORDS[next(WORDS.length)];
  return answer;
}

function* randomPieces(answer: string): Generator<string> {
  for (let at = 0; at < answer.length; ) {
    const length = 1 + next(next(2) === 0 ? 3 : 40);
    yield answer.slice(at, at + length);
    at += length;
  }
}

function run(cleaner: Cleaner, pieces: Iterable<string>, end: 'end' | 'notice'): string[] {
  let out = '';
  for (const piece of pieces) out += cleaner.push(piece);
  out += end === 'end' ? cleaner.end() : cleaner.notice('broken');
  return [out, cleaner.outcome];
}

describe('the output does not depend on where the answer is split', () => {
  test.each([
    ['html', 'hide', 'end'],
    ['html', 'show', 'end'],
    ['html', 'hide', 'notice'],
    ['text', 'hide', 'end'],
  ] as const)('%s, reasoning: %s, %s', (contentType, reasoning, end) => {
    for (let round = 0; round < 1_000; round += 1) {
      const answer = randomAnswer();
      const cleaner = (): Cleaner => createCleaner({ contentType, reasoning });
      const whole = run(cleaner(), [answer], end);
      const message = `MUSE_TEST_SEED=${seed}, round ${round}: ${JSON.stringify(answer)}`;
      expect(run(cleaner(), answer.split(''), end), message).toEqual(whole);
      expect(run(cleaner(), randomPieces(answer), end), message).toEqual(whole);
    }
  });
});

test('what comes before the end of a random document is never changed', () => {
  for (let round = 0; round < 1_000; round += 1) {
    // The document ends itself or not at all; without a fence around it, nothing else may end it.
    const answer = `<!doctype html><p>${randomAnswer()}`;
    const [out = ''] = run(
      createCleaner({ contentType: 'html', reasoning: 'hide' }),
      [answer],
      'end',
    );
    const message = `MUSE_TEST_SEED=${seed}, round ${round}: ${JSON.stringify(answer)}`;
    expect(answer.startsWith(out), message).toBe(true);
    if (out !== answer) expect(out, message).toMatch(/<\/html\s*\/?[^<]*>$/i);
  }
});

describe('the work is linear and little is held back', () => {
  const openings = [
    '',
    '<!doctype html>',
    '```html\n<div>',
    '```html\n<p>',
    '<!doctype html><script>',
  ];
  const units = [
    ...[
      '`',
      '~',
      '<',
      'think',
      '<th',
      '<think>',
      '</think>',
      '<think></think>',
      '```\n',
      '```js\n',
    ],
    ...['\n', ' ', '`\n', '<!--', '-->', '-', '</', '</html', '<html ', '<!doctype html', '<a b="'],
    ...[
      '<div>',
      '</div>',
      '<b></b>',
      '<svg>',
      '<![CDATA[',
      ']',
      '</script',
      '<!-- <script>',
      'é🐝',
    ],
  ];
  test.each(units)('for 128 KB of %j after any beginning', (unit) => {
    const piece = unit.repeat(Math.ceil(4_096 / unit.length));
    for (const opening of openings) {
      const cleaner = createCleaner({ contentType: 'html', reasoning: 'hide' });
      let taken = 0;
      let given = cleaner.push(opening).length;
      let decided = false;
      while (taken < SIZE) {
        given += cleaner.push(piece).length;
        taken += piece.length;
        decided ||= given > 0;
        // One piece may lead over the limit: it is seen when the piece has been taken.
        const limit = decided ? HELD_LATER_MAX : HELD_MAX + HELD_LATER_MAX;
        expect(cleaner.held).toBeLessThanOrEqual(limit);
      }
      given += cleaner.end().length;
      // Escaping makes a character five at most; a made document is short.
      expect(given).toBeLessThanOrEqual(5 * taken + 2_048);
    }
  });

  test.each(['`', '<', 'think', '<th'])('for 8 MB of %j', (unit) => {
    const cleaner = createCleaner({ contentType: 'html', reasoning: 'hide' });
    const answer = unit.repeat((64 * SIZE) / unit.length);
    const out = cleaner.push(answer) + cleaner.end();
    const text = out.slice(out.indexOf('<pre>') + 5, out.lastIndexOf('</pre>'));
    expect(text.length).toBe(
      answer.length * (unit.startsWith('<') ? (unit.length + 3) / unit.length : 1),
    );
    expect(cleaner.outcome).toBe('answer');
  });
});
