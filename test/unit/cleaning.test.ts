import { describe, expect, test } from 'vitest';
import { createCleaner } from '../../src/cleaning/cleaner.ts';
import type { CleanerOptions } from '../../src/cleaning/cleaning.ts';
import { JsonCleaner } from '../../src/cleaning/json-answer.ts';
import { cpuTime } from './support/cpu-time.ts';

const HTML: CleanerOptions = { contentType: 'html', reasoning: 'hide', title: 'Bees', lang: 'en' };
const TEXT: CleanerOptions = { contentType: 'text', reasoning: 'hide' };
const HEAD = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bees</title>
`;

function clean(pieces: Iterable<string>, options: CleanerOptions = HTML): [string, string] {
  const cleaner = createCleaner(options);
  let out = '';
  for (const piece of pieces) out += cleaner.push(piece);
  out += cleaner.end();
  return [out, cleaner.outcome];
}

/** The answer as a whole, in single characters, and split in two at every place. */
function* splits(answer: string): Generator<string[]> {
  yield [answer];
  yield answer.split('');
  for (let at = 1; at < answer.length; at += 1) yield [answer.slice(0, at), answer.slice(at)];
}

function expectPage(answer: string, page: string, options: CleanerOptions = HTML): void {
  for (const pieces of splits(answer)) {
    const split = pieces.length === 2 ? ` (split after ${JSON.stringify(pieces[0])})` : '';
    expect(clean(pieces, options), `${JSON.stringify(answer)}${split}`).toEqual([page, 'answer']);
  }
}

/** Cases in which nothing may be changed. */
function unchanged(name: string, page: string): [string, string, string] {
  return [name, page, page];
}

const PAGE =
  '<!DOCTYPE html>\n<html lang="en"><head><title>x</title></head><body>é 🐝</body></html>';

describe('a whole document', () => {
  test.each<[string, string, string]>([
    unchanged('goes out as it is', PAGE),
    unchanged('may lack its end tag', '<!doctype html><title>x</title><p>hi\n'),
    ['loses a fence', `\`\`\`html\n${PAGE}\n\`\`\`\n`, PAGE],
    ['loses a fence of tildes', `~~~html\n${PAGE}\n~~~`, PAGE],
    ['loses a fence without an info string', `\`\`\`\n${PAGE}\n\`\`\``, PAGE],
    ['loses a fence with any info string', `\`\`\`\`jinja2 title="a"\n${PAGE}\n\`\`\`\``, PAGE],
    ['loses a fence that is never closed', `\`\`\`html\n${PAGE}`, PAGE],
    ['loses a fence with Windows line ends', `\`\`\`html\r\n${PAGE}\r\n\`\`\`\r\n`, PAGE],
    ['loses an indented fence', `  \`\`\`html\n${PAGE}\n  \`\`\``, PAGE],
    ['loses a fence directly before it', `\`\`\`${PAGE}\`\`\``, PAGE],
    ['loses text before it', `Sure! Here is a page about <b>bees</b>:\n\n${PAGE}`, PAGE],
    ['loses text before it on the same line', `Here you are: ${PAGE}`, PAGE],
    ['loses text after it', `${PAGE}\n\nI hope you <i>like</i> it!`, PAGE],
    ['loses text on both sides and a fence', `Okay.\n\`\`\`html\n${PAGE}\n\`\`\`\nBye.`, PAGE],
    ['loses a second document', `${PAGE}\n${PAGE}`, PAGE],
    ['loses other code before it', `CSS:\n\`\`\`css\na > b {}\n\`\`\`\nPage:\n${PAGE}`, PAGE],
    ['loses a byte order mark', `\ufeff${PAGE}`, PAGE],
    ['loses a comment before it', `<!-- <div> -->\n${PAGE}`, PAGE],
    ['loses tags of no element around it', `<answer>${PAGE}</answer>`, PAGE],
    ['gets a doctype', '<html><p>x</html>', '<!doctype html>\n<html><p>x</html>'],
    [
      'survives an introduction that mentions its tags',
      `I begin with <!DOCTYPE html> and <html>, then \`<body>\`.\n${PAGE}`,
      PAGE,
    ],
    [
      'ends with the fence although its end tag is missing',
      '```html\n<!doctype html>\n<p>x</p>\n```\nThis page shows x.',
      '<!doctype html>\n<p>x</p>\n',
    ],
    [
      'ends with an end tag in capitals and with white space',
      '<!doctype html><p>x</HTML\n > more',
      '<!doctype html><p>x</HTML\n >',
    ],
  ])('%s', (_name, answer, page) => expectPage(answer, page));
});

describe('code inside a document', () => {
  const inside = (content: string): string => `<!doctype html>\n${content}\n<p>end</html>`;
  const cases: [string, string, string][] = [
    unchanged('back-ticks in a script', inside('<script>\nlet a = `</html>`;\n```\n</script>')),
    unchanged(
      'the end tag in a string',
      inside('<script>let a = "</html>", b = \'<!--\'</script>'),
    ),
    unchanged('the end tag in a comment', inside('<!-- </html> -- > --!- </html> -->')),
    unchanged('the end tag after an empty comment', inside('<!--><p>x<!---><!-- > -->')),
    unchanged('the end tag in a style', inside('<style>a::after { content: "</html>" }</style>')),
    unchanged('the end tag in a textarea', inside('<textarea></html>\n```\n</textarea>')),
    unchanged('the end tag in a title', inside('<title></html></title>')),
    unchanged('the end tag in an attribute', inside('<p title="</html>" x=\'</html>\'>')),
    unchanged('the end tag in an iframe', inside('<iframe></html></iframe>')),
    unchanged('the end tag in CDATA', inside('<svg><desc><![CDATA[ > </html> ]] ]]></desc></svg>')),
    unchanged('the end tag in a listing', inside('<pre><html></html>\n</pre>')),
    unchanged('the end tag in a line of text', inside('<p>End with <code></html></code>.</p>')),
    unchanged(
      'script in a comment in a script',
      inside('<script><!-- <script> </script> </html> --></script>'),
    ),
    unchanged('a script end tag that is none', inside('<script>"</scripty></html>"</script >')),
    unchanged('an SVG title without content', inside('<svg><title/><style/></svg>')),
    unchanged('fences in a pre', inside('<pre>\n```html\n<b>x</b>\n```\n\n```\n</pre>')),
    unchanged('Markdown', inside('<div>\n```js\nlet a;\n```\n\ntext\n\n~~~\nx\n~~~\n</div>')),
    unchanged('reasoning tags as text', inside('<p>x <think> y </think> <reasoning>')),
    unchanged('reasoning tags in a script', inside('<script>a = "<think>"</script>')),
    unchanged('the word', inside('<p>think thinking <thinker> `think`')),
    unchanged('a lone surrogate pair and others', inside('🐝🐝\u{1f468}\u200d\u{1f469} ü')),
    unchanged('stray brackets', inside('a < b && c > d <3 </> <!> <? x ?> <')),
    unchanged('an unquoted value with a slash', inside('<a href=/x/>x</a><p a = b/c>')),
  ];
  test.each(cases)('is left alone: %s', (_name, answer, page) => expectPage(answer, page));
  test.each(cases)('is left alone in a fence: %s', (_name, answer, page) => {
    expectPage(`\`\`\`html\n${answer}\n\`\`\`\n`, page);
  });
});

describe('reasoning', () => {
  test.each<[string, string, string]>([
    [
      'is removed before the document',
      `<think>\nhm, <div> or <!doctype html>?\n</think>\n\n${PAGE}`,
      PAGE,
    ],
    [
      'is removed under each of its names',
      `<Thinking>a</Thinking><reasoning>b</reasoning><THOUGHT>c</thought>${PAGE}`,
      PAGE,
    ],
    ['is removed after text', `Okay. <think>x</think>${PAGE}`, PAGE],
    ['is removed inside the fence', `\`\`\`html\n<think>x</think>\n${PAGE}\n\`\`\``, PAGE],
    [
      'is removed when its opening tag is missing',
      `So, a <p> first.\n<p>\n</think>\n\n${PAGE}`,
      PAGE,
    ],
    ['is removed when it is nested', `<think>a<think>b</think>c</think>${PAGE}`, PAGE],
    ['is removed when it quotes another end', `<think>a </reasoning> b</think>${PAGE}`, PAGE],
    [
      'is removed at the start of the document',
      '<!doctype html>\n<html>\n<think>a</html></think>\n<body>x</html>',
      '<!doctype html>\n<html>\n\n<body>x</html>',
    ],
    [
      'is removed before a fragment',
      '<think>x</think>\n<h1>Hi</h1>',
      `${HEAD}<h1>Hi</h1>\n</html>\n`,
    ],
  ])('%s', (_name, answer, page) => expectPage(answer, page));

  test.each([
    ['<think>and that was all', 'only-reasoning'],
    ['<think>x</think> \n', 'only-reasoning'],
    ['so I think</think>', 'only-reasoning'],
    ['<think>x</think>```html\n```', 'only-reasoning'],
    ['<!doctype html><think>no end', 'only-reasoning'],
    ['', 'blank'],
    [' \n\t ', 'blank'],
    ['```html\n\n```\n', 'blank'],
    ['```', 'blank'],
  ])('leaves no answer in %j', (answer, outcome) => {
    for (const pieces of splits(answer)) {
      const [out, result] = clean(pieces);
      expect(result).toBe(outcome);
      expect(out).toBe(answer.startsWith('<!') ? '<!doctype html>' : '');
    }
  });

  test('that came in a field of its own says why there is no answer', () => {
    const cleaner = createCleaner(HTML);
    cleaner.pushReasoning('hm');
    expect(cleaner.end()).toBe('');
    expect(cleaner.outcome).toBe('only-reasoning');
  });

  test('is shown before the end of the body where the model says so', () => {
    const answer = `<think>a <b>\n</think>${'<!doctype html><body><p>x</p></body></html>'}`;
    const outputs = new Set<string>();
    for (const pieces of splits(answer)) {
      const cleaner = createCleaner({ ...HTML, reasoning: 'show' });
      let out = '';
      cleaner.pushReasoning('first, ');
      cleaner.pushReasoning('second: ');
      for (const piece of pieces) out += cleaner.push(piece);
      outputs.add(out + cleaner.end());
    }
    expect(outputs.size).toBe(1);
    const [page] = outputs;
    expect(page).toMatch(/^<!doctype html><body><p>x<\/p><details[^>]*><summary>Reasoning</);
    expect(page).toMatch(/>first, second: a &lt;b&gt;<\/pre><\/details>\n<\/body><\/html>$/);
  });

  test('is shown after a fragment and after text', () => {
    for (const answer of ['<p>x</p>', 'x']) {
      const [out] = clean([`<think>why</think>${answer}`], { ...HTML, reasoning: 'show' });
      expect(out).toMatch(/x<\/(p|pre)>\n?<details.*why<\/pre><\/details>\n\n<\/html>\n$/s);
    }
  });
});

describe('a fragment', () => {
  const wrapped = (body: string): string => `${HEAD}${body}\n</html>\n`;
  test.each<[string, string, string]>([
    ['gets a document', '<h1>Bees</h1>\n<p>Hum', wrapped('<h1>Bees</h1>\n<p>Hum')],
    ['may begin with a comment', '<!-- a -->\n<p>x', wrapped('<!-- a -->\n<p>x')],
    ['may begin with a body', '<body class="a"><p>x', wrapped('<body class="a"><p>x')],
    ['has its open elements closed', '<main><div>x', wrapped('<main><div>x</div></main>')],
    ['keeps its own end', '<p>x</p></body></html>\nBye', `${HEAD}<p>x</p></body></html>`],
    ['loses its fence', '```html\n<h1>x</h1>\n```', wrapped('<h1>x</h1>\n')],
    ['loses its fence on the same line', '```html\n<h1>x</h1>```', wrapped('<h1>x</h1>')],
    [
      'loses text around its fence',
      'Sure!\n```html\n<p>x</p>\n```\n<b>Bye</b>',
      wrapped('<p>x</p>\n'),
    ],
    [
      'loses its fence without an info string',
      'Sure!\n```\n<p>x</p>\n```\nBye',
      wrapped('<p>x</p>\n'),
    ],
    ['loses the line that introduces it', 'Here it is:\n\n<p>x</p>', wrapped('<p>x</p>')],
    [
      'keeps fences in its elements',
      '```html\n<div>\n```\nx\n```\n</div>\n```\nBye',
      wrapped('<div>\n```\nx\n```\n</div>\n'),
    ],
    [
      'keeps inner fences outside its elements',
      '```html\n<p>a\n```js\nb\n```\n<p>c\n```\nBye',
      wrapped('<p>a\n```js\nb\n```\n<p>c\n'),
    ],
    [
      'keeps code within a line that begins with back-ticks',
      '```html\n<p>\n```x``` y\n```\nBye',
      wrapped('<p>\n```x``` y\n'),
    ],
    [
      'keeps the text that it is mixed with',
      'Welcome!\n<p>x</p>\nBye',
      wrapped('Welcome!\n<p>x</p>\nBye'),
    ],
    ['is found in its inline tags', 'Hello <b>world</b>', wrapped('Hello <b>world</b>')],
    ['is found in a line break', 'Hello<br>world', wrapped('Hello<br>world')],
    ['may be text in a fence for HTML', '```html\nHi &amp; bye\n```', wrapped('Hi &amp; bye\n')],
    ['may be custom elements in a fence for HTML', '```html\n<x-y>a', wrapped('<x-y>a')],
  ])('%s', (_name, answer, page) => expectPage(answer, page));

  test('that brings its own head gets none', () => {
    const start = '<!doctype html>\n<html lang="en">\n';
    const answer = '<head><title>Own</title></head><body>x';
    expectPage(answer, `${start}${answer}\n</html>\n`);
  });

  test('in a right-to-left language gets its direction, and its title is escaped', () => {
    const [out] = clean(['<p>x'], { ...HTML, lang: 'ar-EG', title: '<b>"&' });
    expect(out).toContain('<html lang="ar-EG" dir="rtl">');
    expect(out).toContain('<title>&lt;b&gt;&quot;&amp;</title>');
  });
});

describe('text without markup', () => {
  test.each([
    ['Hi', 'Hi'],
    ['I think so.', 'I think so.'],
    ['think', 'think'],
    ['<think', '&lt;think'],
    [
      'a <thinker> & "b" <3 </nothing>',
      'a &lt;thinker&gt; &amp; &quot;b&quot; &lt;3 &lt;/nothing&gt;',
    ],
    ['# Bees\n\n* a\n* b\n', '# Bees\n\n* a\n* b\n'],
    ['\n\n  indented\n', 'indented\n'],
    ['```\ncode\n```', 'code\n'],
    [
      'Run:\n```js\nlet a = "<b>x</b>";\n```\n',
      'Run:\n```js\nlet a = &quot;&lt;b&gt;x&lt;/b&gt;&quot;;\n```\n',
    ],
    [
      'The `<div>` tag, ``<p>`` and <!doctype html> are HTML',
      'The `&lt;div&gt;` tag, ``&lt;p&gt;`` and &lt;!doctype html&gt; are HTML',
    ],
    ['``` is a fence', '``` is a fence'],
    ['<!-- not closed', '&lt;!-- not closed'],
    ['<!doctype', '&lt;!doctype'],
    ['Write `</b>` or `<br>` after it', 'Write `&lt;/b&gt;` or `&lt;br&gt;` after it'],
    ['The `<think>` tag', 'The `&lt;think&gt;` tag'],
    [
      'In React:\n```jsx\n<div>x</div>\n```\nBye',
      'In React:\n```jsx\n&lt;div&gt;x&lt;/div&gt;\n```\nBye',
    ],
    [
      'In Python:\n```python\na = "<!doctype html><p>"\n```\nBye',
      'In Python:\n```python\na = &quot;&lt;!doctype html&gt;&lt;p&gt;&quot;\n```\nBye',
    ],
    ['🐝', '🐝'],
  ])('becomes a document that shows it: %j', (answer, text) => {
    for (const pieces of splits(answer)) {
      const [out, outcome] = clean(pieces);
      expect(outcome).toBe('answer');
      expect(out.startsWith(HEAD)).toBe(true);
      expect(out.slice(out.indexOf('<pre>'))).toBe(`<pre>${text}</pre>\n</html>\n`);
    }
  });

  test('is not lost when it is longer than what is held for a doctype', () => {
    const words = 'word & word <x>\n'.repeat(9_000);
    const [out] = clean([words]);
    const escaped = words.replaceAll('&', '&amp;').replaceAll('<x>', '&lt;x&gt;');
    expect(out.slice(out.indexOf('<pre>'))).toBe(`<pre>${escaped}</pre>\n</html>\n`);
    expect(clean(words.split(''))[0]).toBe(out);
  });
});

describe('an answer that is not meant as HTML', () => {
  test.each<[string, string, string]>([
    ['goes out as it is', '{"a": "<think>"}\n', '{"a": "<think>"}\n'],
    ['keeps its markup', '<svg/>\n', '<svg/>\n'],
    ['keeps its first indentation', '\n  a\n b', '  a\n b'],
    ['loses a fence', '```json\n{"a": 1}\n```\n', '{"a": 1}\n'],
    [
      'keeps fences inside its fence',
      '```md\n# A\n```js\nb\n```\nc\n```\nd\n```\n',
      '# A\n```js\nb\n```\nc\n```\nd\n',
    ],
    ['keeps a fence that does not enclose it all', 'a\n```\nb\n```', 'a\n```\nb\n```'],
    ['loses reasoning', '<think>x</think>\n\na', 'a'],
    ['loses reasoning without its opening tag when nothing went out', '\n</think>a', 'a'],
    ['may begin with almost a tag', '<thin', '<thin'],
    ['loses only the last of its fences', '```\na\n```\n```\n', 'a\n```\n'],
    [
      'loses both lines of a fence around its first part',
      '```py\na\n```\n\nSo that is it:\n```\nb\n```\n',
      'a\n\nSo that is it:\n```\nb\n```\n',
    ],
    [
      'keeps bare fences inside a fence around Markdown',
      '```md\n# A\n```\nb\n```\nc\n```\n',
      '# A\n```\nb\n```\nc\n',
    ],
    ['may have back-ticks at its end', '```\na ```b```', 'a ```b```'],
  ])('%s', (_name, answer, text) => expectPage(answer, text, TEXT));
});

describe('an answer in Markdown', () => {
  const CODE = '```py\n# a\n```\n\nSo *that* is it:\n\n```\nb\n```\n';
  test.each<[string, string, string]>([
    unchanged('keeps a fence around code that it begins with', CODE),
    unchanged('keeps a fence around code that is all of it', '```py\n# a\n```'),
    unchanged('keeps a fence of tildes', '~~~js title\na\n~~~\n\nText.\n'),
    unchanged('keeps a fence that is never closed', '```py\na'),
    ['loses a fence around the whole', `\`\`\`\`markdown\n${CODE}\`\`\`\`\n`, CODE],
    ['loses one that says nothing', '```\n# A\n```\n', '# A\n'],
  ])('%s', (_name, answer, text) => expectPage(answer, text, { ...TEXT, fences: 'markdown' }));
});

describe('an answer that is to be JSON', () => {
  const json = '{"a": "```", "b": [1]}';
  test.each([
    json,
    `\`\`\`json\n${json}\n\`\`\``,
    `\`\`\`json\n${json}\n\`\`\`\nTell me if {more} is needed.`,
    `Here:\n\`\`\`json\n${json}\n\`\`\`\nTell me if {more} is needed.`,
    `Sure: ${json} Bye.`,
    `\`\`\`\n${json}\n\`\`\`\nTell me if {more} is needed.`,
    `~~~~ json\n${json}\n~~~~\nTell me if {more} is needed.`,
    `\`\`\`json\n${json}`,
  ])('is found in what is around it: %j', (answer) => {
    for (const pieces of splits(answer)) {
      const cleaner = new JsonCleaner(createCleaner({ ...TEXT, fences: 'kept' }), 1_000);
      const out = pieces.map((piece) => cleaner.push(piece)).join('') + cleaner.end();
      expect([out, cleaner.outcome]).toEqual([`${json}\n`, 'answer']);
    }
  });

  test('is looked for in linear time', () => {
    const time = (size: number): number =>
      cpuTime(() => {
        const cleaner = new JsonCleaner(
          createCleaner({ ...TEXT, fences: 'kept' }),
          Number.POSITIVE_INFINITY,
        );
        cleaner.push('{a```\n'.repeat(size));
        cleaner.end();
        expect(cleaner.outcome).toBe('not-json');
      });
    // Squares would make it 256 times as much.
    expect(time(65_536)).toBeLessThan(64 * time(4_096) + 500);
  });
});

describe('what can go out, goes out at once', () => {
  test.each([
    ['<!doctype html>', '<!doctype html>'],
    ['```html\n<!doctype html>', '<!doctype html>'],
    ['<!doctype html><p>Hello, w', '<!doctype html><p>Hello, w'],
    ['<!doctype html><p>a `b` ``` c', '<!doctype html><p>a `b` ``` c'],
    ['```html\n<!doctype html><p>a `b', '<!doctype html><p>a `b'],
    ['<!doctype html><p>a </htm', '<!doctype html><p>a </htm'],
    ['<think>x</think><!DOCTYPE html>\n<htm', '<!DOCTYPE html>\n'],
    ['<h1>', `${HEAD}<h1>`],
    ['```html\nHe', `${HEAD}He`],
    ['Here:\n<p>', `${HEAD}<p>`],
  ])('%j', (answer, out) => {
    expect(createCleaner(HTML).push(answer)).toBe(out);
  });

  test('half a character waits for its other half', () => {
    const cleaner = createCleaner(HTML);
    expect(cleaner.push('<!doctype html>\ud83d')).toBe('<!doctype html>');
    expect(cleaner.push('\udc1d')).toBe('🐝');
  });
});
