import { describe, expect, test } from 'vitest';
import { createCleaner } from '../../src/cleaning/cleaner.ts';
import type { NoticeKind } from '../../src/cleaning/cleaning.ts';

const END = '\n</body>\n</html>\n';

/** What the notice puts between the answer and itself. */
function closers(answer: string): string {
  const cleaner = createCleaner({ contentType: 'html', reasoning: 'hide' });
  const out = cleaner.push(answer) + cleaner.notice('broken');
  expect(cleaner.outcome).toBe('answer');
  expect(out.startsWith(answer)).toBe(true);
  const notice = out.lastIndexOf('\n<div role="alert"');
  expect(notice).toBeGreaterThanOrEqual(answer.length);
  expect(out.slice(out.indexOf('</div>', notice))).toBe(`</div>${END}`);
  return out.slice(answer.length, notice);
}

describe('the notice closes the place where the page stands', () => {
  test.each([
    ['text', '<p>Hello', ''],
    ['a lone bracket', '<p>a <', ''],
    ['the name of a tag', '<p>a <em', '></em>'],
    ['an end tag', '<p>a</', '>'],
    ['the name of an end tag', '<p>a</e', '>'],
    ['a tag', '<p>a<em class', '></em>'],
    ['a tag before a value', '<p>a<em class=', '></em>'],
    ['a double-quoted attribute', '<p>a<em class="x', '"></em>'],
    ['a single-quoted attribute', "<p>a<em class='x", "'></em>"],
    ['an unquoted attribute', '<p>a<em class=x', '></em>'],
    ['an element without content', '<p>a<img alt="x', '">'],
    ['a container’s tag', '<p><section id', '></section>'],
    ['a comment', '<p><!-- a', '-->'],
    ['the beginning of a comment', '<p><!-', '>'],
    ['the end of a comment', '<p><!-- a --', '-->'],
    ['another declaration', '<p><!foo', '>'],
    ['a script', '<script>let a = "<p>', '</script>'],
    ['the end tag of a script', '<script>let a</scr', '</script>'],
    ['a script’s tag', '<script src="a', '"></script>'],
    ['a comment in a script', '<script><!-- a', '</script>'],
    ['a script in a comment in a script', '<script><!-- <script> a', '--></script>'],
    ['a style', '<style>a {', '</style>'],
    ['a textarea', '<form><textarea>a', '</textarea></form>'],
    ['a title', '<title>a', '</title>'],
    ['an iframe', '<iframe>a', '</iframe>'],
    ['CDATA', '<svg><![CDATA[ a', ']]></svg>'],
    ['elements', '<main><ul><li><a href="/">x', '</a></ul></main>'],
    ['what would hide it', '<template><select><option>x', '</select></template>'],
    ['wrongly nested elements', '<div><section></div><p>', ''],
  ])('in %s', (_name, content, expected) => {
    expect(closers(`<!doctype html>${content}`)).toBe(expected);
  });

  test('in a fragment and after a fence', () => {
    const cleaner = createCleaner({ contentType: 'html', reasoning: 'hide', lang: 'de' });
    const out = cleaner.push('```html\n<div>a\n``') + cleaner.notice('timeout');
    expect(out).toMatch(/<div>a\n``<\/div>\n<div role="alert" lang="en" [^>]*>This page is not/);
    expect(out.endsWith(END)).toBe(true);
  });
});

test('after the page’s own end the notice does not end it again', () => {
  const cleaner = createCleaner({ contentType: 'html', reasoning: 'hide' });
  const out = cleaner.push('<!doctype html><p>x</html>tail') + cleaner.notice('broken');
  expect(out).toMatch(/^<!doctype html><p>x<\/html>\n<div role="alert"[^<]*<\/div>\n$/);
});

test('text that was still held goes out before the notice', () => {
  const cleaner = createCleaner({ contentType: 'html', reasoning: 'hide' });
  expect(cleaner.push('Once upon a time <b')).toBe('');
  expect(cleaner.notice('length')).toMatch(
    /<pre>Once upon a time &lt;b<\/pre>\n<div role="alert"[^<]*it grew longer than is allowed.<\/div>\n<\/html>\n$/,
  );
});

test('an answer of another kind ends with a line of text', () => {
  const cleaner = createCleaner({ contentType: 'text', reasoning: 'hide' });
  expect(cleaner.push('a, b') + cleaner.notice('broken')).toMatch(
    /^a, b\n\nThis page is not complete: .*\n$/,
  );
});

test('nothing at all stays nothing', () => {
  const cleaner = createCleaner({ contentType: 'html', reasoning: 'hide' });
  expect(cleaner.push('<think>x') + cleaner.notice('broken')).toBe('');
  expect(cleaner.outcome).toBe('only-reasoning');
});

test('a notice may follow an end that nobody got', () => {
  const cleaner = createCleaner({ contentType: 'html', reasoning: 'hide' });
  cleaner.push('<!doctype html><think>x');
  cleaner.end();
  expect(cleaner.notice('broken')).toMatch(/^\n<div role="alert".*<\/html>\n$/s);
});

test('each kind has a sentence of its own, safe for visitors', () => {
  const kinds: NoticeKind[] = ['broken', 'timeout', 'length', 'filtered'];
  const notices = kinds.map((kind) => {
    const cleaner = createCleaner({ contentType: 'html', reasoning: 'hide' });
    cleaner.push('<p>x');
    return cleaner.notice(kind);
  });
  expect(new Set(notices).size).toBe(kinds.length);
  for (const notice of notices) expect(notice).toMatch(/>This page is not complete: [a-zA-Z ,.]+</);
});
