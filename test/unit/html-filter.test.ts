import { parse } from 'parse5';
import { describe, expect, test } from 'vitest';
import { HtmlFilter } from '../../src/trust/html-filter.ts';
import { PageScripts } from '../../src/trust/page-scripts.ts';
import { GOOD_PAGES } from '../vectors/good-pages.ts';
import { ALL_VECTORS } from '../vectors/xss.ts';
import { cpuTime } from './support/cpu-time.ts';
import { dangersIn, type Outline, outlineOf } from './support/html-tree.ts';
import { seededRandom } from './support/random.ts';

function filter(pieces: Iterable<string>, scripts?: PageScripts): string {
  const one = new HtmlFilter({ scripts });
  let out = '';
  for (const piece of pieces) out += one.push(piece);
  return out + one.end();
}

/** Where a vector may stand, so that a browser is in another state than a careless reader. */
const CONTEXTS: readonly string[] = [
  '%',
  '<!doctype html><html><head>%</head><body></body></html>',
  '<p title="x">text %',
  '<table><tr><td>%</table>',
  '<table>%</table>',
  '<select>%</select>',
  '<svg>%</svg>',
  '<svg><foreignObject>%',
  '<math>%</math>',
  '<math><mtext>%',
  '<template>%</template>',
  '<style>%</style>',
  '<title>%</title>',
  '<noscript>%</noscript>',
  '<a href="#">%',
];

describe('nothing that could run is left', () => {
  test.each(ALL_VECTORS)('of %s: %s', (_kind, vector) => {
    for (const context of CONTEXTS) {
      const markup = context.replace('%', () => vector);
      const out = filter([markup]);
      for (const scriptingEnabled of [true, false]) {
        expect(dangersIn(parse(out, { scriptingEnabled })), `${markup}\n→ ${out}`).toEqual([]);
      }
    }
  });

  test.each(ALL_VECTORS)('wherever it is split, of %s: %s', (_kind, vector) => {
    const whole = filter([vector]);
    expect(filter(vector.split(''))).toBe(whole);
    for (let at = 1; at < vector.length; at += 1) {
      expect(filter([vector.slice(0, at), vector.slice(at)]), vector.slice(0, at)).toBe(whole);
    }
  });

  test('the oracle sees what runs', () => {
    const seen = ALL_VECTORS.filter(([, vector]) => dangersIn(parse(vector)).length > 0);
    // Some rely on a browser that reads what was read once more.
    expect(seen.length).toBeGreaterThan(ALL_VECTORS.length * 0.8);
  });
});

describe('what leads astray is taken away', () => {
  test.each([
    ['<base href="//evil.example/">', ''],
    ['<meta http-equiv="Refresh" content="0; url=https://evil.example">', ''],
    ['<meta http-equiv="set-cookie" content="a=b">', ''],
    ['<meta http-equiv="content-security-policy" content="script-src *">', ''],
    ['<meta name="referrer" content="unsafe-url">', ''],
    ['<link rel="dns-prefetch" href="//secret.evil.example">', ''],
    ['<link rel="preconnect" href="//secret.evil.example">', ''],
    ['<form action="https://evil.example/">', '<form>'],
    ['<form action="//evil.example/">', '<form>'],
    ['<form action="/\\evil.example/">', '<form>'],
    ['<form action="/&#9;/evil.example/">', '<form>'],
    ['<form action="search?a#b">', '<form action="search?a#b">'],
    ['<button formaction="http:evil.example">', '<button>'],
    ['<a ping="//evil.example" href="/x">', '<a href="/x">'],
    ['<iframe src="https://evil.example/">inside</iframe>after', 'after'],
    ['<object data="/x.svg">instead</object>', 'instead'],
    ['<embed src="/x.swf">', ''],
    ['<html manifest="/x">', '<html>'],
    ['<p nonce="x">', '<p>'],
    ['<a href="data:text/html,x">', '<a>'],
    ['<img srcset="a.png 1x, javascript:x 2x">', '<img>'],
    ['<noscript><p>without</p></noscript>', '<p>without</p>'],
    ['<!-- a comment -->', ''],
    ['<blink>x</blink>', 'x'],
    ['<svg><style>a<b>c</b></style>', '<svg><style>a</style></svg><b>c</b></style>'],
    ['<svg><style>a</x>b > c', '<svg><style>a</style>b &gt; c'],
    ['<p \u0000a=b @c=d e:f=g>', '<p>'],
  ])('%s', (markup, out) => expect(filter([markup])).toBe(out));
});

describe('what means no harm is left', () => {
  const same: readonly string[] = [
    '<link rel="icon" href="data:,">',
    '<link rel="stylesheet" href="/site.css">',
    '<meta name="color-scheme" content="light dark">',
    '<img src="/a.png" srcset="/a.png 1x, /b.png 2x" alt="">',
    '<a href="../x?y=z#w">x</a><a href="tel:+1">y</a>',
    '<style>@media (width <= 9px) { a { b: "<" } }</style>',
    '<title>a &lt;b&gt; &amp; c</title>',
    '<svg><image href="data:image/png;base64,AA" /><use href="#a" /></svg>',
    '<svg><style>a { b: c }</style><title>t</title></svg>',
  ];
  test.each(same)('%s', (markup) => expect(filter([markup])).toBe(markup));

  test.each(Object.entries(GOOD_PAGES))('a page with %s', (_name, page) => {
    const whole = filter([page]);
    expect(outlineOf(parse(whole))).toEqual(withoutComments(outlineOf(parse(page))));
    expect(filter(page.split(''))).toBe(whole);
    expect(filter([whole])).toBe(whole);
  });
});

/** The escape in a style is another text with the same meaning. */
function withoutComments(outline: Outline): Outline {
  return outline.map((line) =>
    line.startsWith('style:') ? line.replaceAll(/<(?=[a-z/!?<])/gi, '\\3c ') : line,
  );
}

describe('where scripts are let through', () => {
  test('one of the page gets the nonce, and its hash is known once it is whole', () => {
    const scripts = new PageScripts();
    const out = filter('<script type="module">if (a < b) "<b>";</script>'.split(''), scripts);
    const tag = `<script type="module" nonce="${scripts.nonce}">`;
    expect(out).toBe(`${tag}if (a < b) "<b>";</script>`);
    expect(scripts.whileWritten).toBe(`'nonce-${scripts.nonce}'`);
    // echo -n 'if (a < b) "<b>";' | openssl dgst -sha256 -binary | base64
    expect(scripts.onceWritten).toBe(HASH);
    expect(new PageScripts().nonce).not.toBe(scripts.nonce);
  });

  test('a site’s own file has no nonce, and another’s data is no file', () => {
    const scripts = new PageScripts();
    const own = '<script src="/chart.js" defer=""></script>';
    expect(filter([own], scripts)).toBe(own);
    expect(filter(['<script src="data:text/javascript,1">x</script>'], scripts)).toBe('');
    expect(scripts.onceWritten).toBeUndefined();
  });

  test('handlers, URLs that run and scripts in SVG are taken away all the same', () => {
    for (const [, vector] of ALL_VECTORS.filter(([kind]) => kind !== 'a script')) {
      const tree = parse(filter([vector], new PageScripts()));
      expect(dangersIn(tree), vector).toEqual([]);
    }
  });

  test.each([
    ['by itself, before what is HTML alone', '<svg><path d="M0 0"/><p>After.</p>'],
    ['with what is around it', '<div><svg><g><path d="M0 0"/></div>'],
    ['by its own end tag', '<div><svg><desc><p>x</p></desc></svg></div>'],
    ['in a table', '<table><tr><td><svg><g><path /></g></svg></td></tr></table>'],
    ['after a list of choices', '<select><option>1</option></select><svg></svg>'],
    ['with MathML', '<p><math><mrow><mi>x</mi><mo>=</mo><mn>1</mn></mrow></math></p>'],
  ])('one after SVG is let through where that ends %s', (_how, before) => {
    const scripts = new PageScripts();
    const out = filter([`${before}<script>1</script>`], scripts);
    expect(out).toContain(`<script nonce="${scripts.nonce}">1</script>`);
    expect(outlineOf(parse(out)).at(-1)).toMatch(/^script: http:\/\/www.w3.org\/1999\/xhtml /);
  });

  const mi = '<math><mi><a></math></svg></a></mi>';

  test.each([
    ['MathML', '<math></svg>'],
    ['MathML that looks closed', '<math><mtext><p></math></p></mtext>'],
    ['SVG', '<svg></math>'],
    ['SVG that looks closed', '<svg><foreignObject><p></svg></p></foreignObject>'],
    ['SVG by attributes', '<math><font color=red><svg></desc></math>'],
    ['MathML after SVG that a table’s end has closed', `<table><svg><desc></table></desc>${mi}`],
    ['MathML after SVG that a row has closed', `<table><svg><desc><tr></tr></desc>${mi}`],
    ['MathML after SVG that a list passes over', `<select><svg><input>${mi}`],
  ])('in %s, where a browser finds tags in it, its text does not go out', (_where, before) => {
    const out = filter([`${before}<script>/*<img>*/</script>`], new PageScripts());
    expect(outlineOf(parse(out)).filter((line) => line.startsWith('img'))).toEqual([]);
  });

  test('a browser finds no tags in any of a random page', () => {
    const { seed, below } = seededRandom();
    const names = [
      ...['svg', 'math', 'title', 'desc', 'foreignObject', 'mtext', 'mi', 'g', 'x-y', 'style'],
      ...['p', 'div', 'b', 'a', 'li', 'br', 'font', 'h1', 'button', 'form', 'nobr', 'textarea'],
      ...['table', 'tr', 'td', 'caption', 'select', 'option', 'template', 'body', 'head', 'html'],
      'input',
    ];
    const tags = [...names, ...names.slice(0, 7)].flatMap((name) => [
      ...[`<${name}>`, `<${name} color=red>`, `</${name}>`, `</${name}>`, `<${name}/>`],
    ]);
    for (let round = 0; round < 20_000; round += 1) {
      let page = '';
      for (let count = 1 + below(14); count > 0; count -= 1) page += tags[below(tags.length)];
      const out = filter([`${page}<script>/*<img>*/</script>`], new PageScripts());
      const found = outlineOf(parse(out)).filter((line) => line.startsWith('img'));
      expect(found, `MUSE_TEST_SEED=${seed}, round ${round}: ${page}`).toEqual([]);
    }
  });

  test('there are 32 at most', () => {
    const out = filter(['<script>1</script>'.repeat(40)], new PageScripts());
    expect(out.match(/<script/g)).toHaveLength(32);
  });
});
const HASH = "'sha256-UuaSeaIQVuc8qC34NeEo/vysuoJqI2RuqH6/OGPcu9k='";

test('text is passed on as it comes, and no more than a tag is held', () => {
  const one = new HtmlFilter();
  expect(one.push('<p>some te')).toBe('<p>some te');
  expect(one.push('xt &am')).toBe('xt ');
  expect(one.push('p; <b class="')).toBe('&amp; ');
  expect(one.push('x')).toBe('');
  expect(one.push('">y<style>a {')).toBe('<b class="x">y<style>a {');
  expect(one.push(' b <')).toBe(' b ');
  expect(one.push('= c }')).toBe('<= c }');
  expect(one.held).toBe(0);
});

test('a tag that does not end is refused', () => {
  const one = new HtmlFilter();
  const piece = 'x'.repeat(65_536);
  const push = (): void => {
    for (let i = 0; i < 20; i += 1) one.push(piece);
  };
  one.push('<p title="');
  expect(push).toThrow(expect.objectContaining({ code: 'answer-too-long' }));
});

const SIZE = 65_536;
const OPENINGS = [
  '',
  '<style>',
  '<title>',
  '<script>',
  '<!--',
  '<p title="',
  '<p ',
  '<svg><![CDATA[',
];
const UNITS = ['a', '>', '<', '&', '"', '-', ' a', '<b>', '</', '<!--', '&amp;', ']]', '🐝'];

test.each(UNITS)('the work is linear for %j, piece by piece, after any beginning', (unit) => {
  for (const opening of OPENINGS) {
    const time = (size: number): number => {
      const pieces = [opening, ...Array.from({ length: size / unit.length }, () => unit)];
      return cpuTime(() => filter(pieces));
    };
    // Squares would make it 256 times as much, and seconds.
    expect(time(SIZE), `${opening}${unit}`).toBeLessThan(64 * time(SIZE / 16) + 200);
  }
});

test('random pages come out the same however they are split, and harmless', () => {
  const { seed, below } = seededRandom();
  const words = ALL_VECTORS.flatMap(
    ([, vector]) => vector.match(/<\/?[\w!-]+|[^<>"'=]+|./gs) ?? [],
  );
  words.push('\r', '\n', 'two words', '\ud83d\ude00', '\ud83d', '\0');
  for (let round = 0; round < 2_000; round += 1) {
    let page = '';
    for (let count = 1 + below(25); count > 0; count -= 1) page += words[below(words.length)];
    const whole = filter([page]);
    const message = `MUSE_TEST_SEED=${seed}, round ${round}: ${JSON.stringify(page)}`;
    expect(filter(page.split('')), message).toBe(whole);
    expect(filter(piecesOf(page, () => 1 + below(6))), message).toBe(whole);
    expect(dangersIn(parse(whole)), message).toEqual([]);
    // What is read once more, as a browser's editor or another filter does, is no other page.
    expect(filter([whole]), message).toBe(whole);
  }
});

function* piecesOf(text: string, length: () => number): Iterable<string> {
  for (let at = 0; at < text.length; ) {
    const end = at + length();
    yield text.slice(at, end);
    at = end;
  }
}
