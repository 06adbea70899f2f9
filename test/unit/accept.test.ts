import { describe, expect, test } from 'vitest';
import { prefersEvents } from '../../src/representations/accept.ts';

const HTML = 'text/html; charset=utf-8';
const CHROME =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

describe('events are preferred', () => {
  test.for([
    'text/event-stream',
    'Text/Event-Stream ; charset=UTF-8;q=1',
    'text/event-stream, */*;q=0.1',
    'text/event-stream;q=0.5, text/html;q=0.499',
    'text/event-stream;q=0.001',
    'application/json, text/event-stream',
    'text/event-stream, text/html;level=1',
    'text/*;q=0.3,text/event-stream;q=0.4',
    'text/x;a="text/html, \\"", text/event-stream',
    ',, text/event-stream ,',
  ])('by %s', (accept) => {
    expect(prefersEvents(accept, HTML)).toBe(true);
  });

  test('to a page of another type', () => {
    const accept = 'text/html, text/event-stream;q=0.5';
    expect(prefersEvents(accept, HTML)).toBe(false);
    expect(prefersEvents(accept, 'text/markdown; charset=utf-8')).toBe(true);
  });
});

describe('a page is preferred', () => {
  test.for([
    ['no header', undefined],
    ['an empty one', ''],
    ['a browser', CHROME],
    ['curl', '*/*'],
    ['a wildcard that weighs more than pages', 'text/*, text/html;q=0.5'],
    ['one that names both alike', 'text/event-stream, text/html'],
    ['one that names events and takes all alike', 'text/event-stream, */*'],
    ['one that refuses events', 'text/event-stream;q=0'],
    ['a weight that is none', 'text/event-stream;q=2, text/html;q=0.1'],
    ['a name within a quoted string', 'text/x;a=", text/event-stream"'],
    ['a longer name', 'text/event-streams'],
    [
      'the more specific range',
      'text/html;charset=utf-8, text/html;q=0.1, text/event-stream;q=0.5',
    ],
  ] as const)('by %s', ([, accept]) => {
    expect(prefersEvents(accept, HTML)).toBe(false);
  });
});

test('a long header takes time in proportion to its length', () => {
  const accept = `${'a/b;c=",",'.repeat(100_000)}text/event-stream`;
  expect(prefersEvents(accept, HTML)).toBe(true);
});
