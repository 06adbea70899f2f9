import { describe, expect } from 'vitest';
import { enablePages, type Httpd, modelsAt, scriptedModel, test } from '../harness/index.ts';
import {
  finish,
  Gate,
  hold,
  reasoning,
  type ScriptedProvider,
  type Step,
  stream,
  text,
} from '../provider/index.ts';

/** A page with all that a careless cleaner would damage. */
const page = [
  '<!DOCTYPE html>',
  '<html lang="de">',
  '<head><meta charset="utf-8"><title>Grüße &amp; 日本語 🌊</title>',
  '<style>p::before { content: "</html>"; }</style>',
  '<script>',
  'const fence = `\\`\\`\\`html`; // ``` and </html> and <think> are only text here',
  'const tag = "<think>" + "</think>";',
  '</script></head>',
  '<body><!-- </html> -->',
  '<h1>I think, therefore I am 😀</h1>',
  '<pre>```js\nlet a = `b`;\n```</pre>',
  '<textarea></html><think></textarea>',
  '</body>',
  '</html>',
].join('\n');

/** What is left of it: no script, no comment, and nothing that could be taken for a tag. */
const shown = [
  '<!doctype html>',
  '<html lang="de">',
  '<head><meta charset="utf-8"><title>Grüße &amp; 日本語 🌊</title>',
  '<style>p::before { content: "\\3c /html>"; }</style>',
  '</head>',
  '<body>',
  '<h1>I think, therefore I am 😀</h1>',
  '<pre>```js\nlet a = `b`;\n```</pre>',
  '<textarea>&lt;/html&gt;&lt;think&gt;</textarea>',
  '</body>',
  '</html>',
].join('\n');

const chatter = 'Sure! I think this is what you want:\n\n';
const thought = '<think>\nThey want <html>. Or ```html? </html>. 思考\n</think>\n';

/** What came from the model. */
const answers: Readonly<Record<string, string>> = {
  'the page alone': page,
  'a fence around it': `\`\`\`html\n${page}\n\`\`\``,
  'a fence of tildes': `~~~html\n${page}\n~~~\n`,
  'a fence with more in its first line': `\`\`\`html title="x"\n${page}\n\`\`\`\n`,
  'chatter before it': chatter + page,
  'chatter after it': `${page}\n\nI hope that this helps! <b>Ask</b> me for more.`,
  'chatter and a fence': `${chatter}\`\`\`html\n${page}\n\`\`\`\nEnjoy!`,
  'reasoning before it': thought + page,
  'reasoning, chatter and a fence': `${thought}${chatter}\`\`\`html\n${page}\n\`\`\`\nEnjoy!`,
  'reasoning without its beginning': `They want a page.\n</think>\n\n${page}`,
  'reasoning in capitals': `<THINKING>Hm.</THINKING>${page}`,
};

/** Splits between any two UTF-16 units, so also in the middle of what is outside the BMP. */
const characters = (value: string): string[] => value.split('');

/** The page as the visitor gets it, but for white space at its ends. */
async function read(httpd: Httpd, provider: ScriptedProvider, script: ReturnType<typeof stream>) {
  provider.script(scriptedModel, script);
  const result = await httpd.get('/page');
  expect([result.status, result.complete]).toEqual([200, true]);
  return result.text.trim();
}

describe('what surrounds a page is taken away, and the page is left alone,', () => {
  test.for([
    ['in one piece', (sent: string) => [text(sent)], {}],
    ['character by character', (sent: string) => characters(sent).map(text), { together: true }],
    ['byte by byte on the wire', (sent: string) => [text(sent)], { pieceBytes: 1 }],
    [
      'in tokens of seven characters that are cut at every 101st byte',
      (sent: string) => (sent.match(/.{1,7}/gsu) ?? []).map(text),
      { pieceBytes: 101, together: true },
    ],
  ] as const)('when it comes %s', async ([, steps, wire], { httpd, provider }) => {
    httpd.site.write('page.ai', 'Write.');
    enablePages(httpd, provider, 'MuseAiCacheEnable Off');
    await httpd.start();
    for (const [name, sent] of Object.entries(answers)) {
      const script = stream([...steps(sent), finish()], wire);
      expect(await read(httpd, provider, script), name).toBe(shown);
    }
  });
});

describe('reasoning', () => {
  const middle = page.indexOf('therefore');
  const thinks = (field: string): Step[] => [
    reasoning('First I consider ', field),
    reasoning('<html> and </html>. ', field),
    text(page.slice(0, middle)),
    reasoning('More of it.', field),
    text(page.slice(middle)),
    finish(),
  ];

  test('in fields of its own is not shown', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', 'Write.');
    enablePages(httpd, provider, 'MuseAiCacheEnable Off');
    await httpd.start();
    for (const field of ['reasoning_content', 'reasoning']) {
      expect(await read(httpd, provider, stream(thinks(field))), field).toBe(shown);
    }
  });

  test('is shown beside the page when the model says so', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', 'Write.');
    const models = modelsAt(provider, { name: scriptedModel, reasoning: 'show' });
    httpd.config.muse({ models, lines: ['MuseAiEnable On', 'MuseAiCacheEnable Off'] });
    await httpd.start();
    const scripts = [
      stream(thinks('reasoning_content')),
      stream([text('<think>First I consider &lt;this&gt;</think>'), text(page), finish()]),
    ];
    for (const script of scripts) {
      const got = await read(httpd, provider, script);
      expect(got).toContain('<h1>I think, therefore I am 😀</h1>');
      expect(got).toMatch(/<details.*First I consider .*<\/details>/s);
      expect(got).not.toMatch(/^<think>/);
      expect(got).toMatch(/<\/html>$/);
    }
  });
});

describe('an answer that is no HTML document', () => {
  const endless = `${'Text without end. '.repeat(2_000)}The end.`;
  const cases: Readonly<Record<string, readonly [sent: string, visible: string[]]>> = {
    short: ['Hi', ['Hi']],
    'a sentence about thinking': ['I think so.', ['I think so.']],
    'text with markup characters': ['1 < 2 && "a" > b', ['1 &lt; 2 &amp;&amp;', '&gt; b']],
    'long text': [endless, [endless]],
    'a fence with a program': ['```js\nlet a = 1 < 2;\n```', ['>let a = 1 &lt; 2;']],
    'a fragment': ['<h1>Title</h1><p>Text & more</p>', ['<h1>Title</h1><p>Text &amp; more</p>']],
    'a fragment after reasoning': ['<think>Hm.</think><p>Text</p>', ['<p>Text</p>']],
    unicode: ['Grüße, 日本語, 🌊', ['Grüße, 日本語, 🌊']],
  };

  test('comes out as a document in which nothing is lost', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', '---\ntitle: A <title>\nlang: de\n---\nWrite.');
    enablePages(httpd, provider, 'MuseAiCacheEnable Off');
    await httpd.start();
    for (const [name, [sent, visible]] of Object.entries(cases)) {
      const whole = await read(httpd, provider, stream([text(sent), finish()]));
      expect(whole, name).toMatch(/^<!doctype html>/i);
      expect(whole, name).toMatch(/<html [^>]*lang="de"/);
      expect(whole, name).toMatch(/<meta charset="utf-8">/i);
      expect(whole, name).toContain('<title>A &lt;title');
      expect(whole, name).toMatch(/<\/html>$/);
      for (const part of visible) expect(whole, name).toContain(part);
      const steps = characters(sent).map(text);
      const split = await read(httpd, provider, stream([...steps, finish()], { together: true }));
      expect(split, `${name}, character by character`).toBe(whole);
    }
  });

  test('and was not asked to be one is sent as it is, less its fence', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', '---\ncontent_type: application/json\n---\nWrite.');
    enablePages(httpd, provider, 'MuseAiCacheEnable Off');
    await httpd.start();
    const json = '{"html": "<b>&</b>", "a": "```"}';
    for (const sent of [json, `\`\`\`json\n${json}\n\`\`\``, `<think>Hm.</think>\n${json}`]) {
      expect(await read(httpd, provider, stream([text(sent), finish()]))).toBe(json);
    }
    const result = await httpd.get('/page');
    expect(result.headers['content-type']).toBe('application/json');
  });
});

test('the page begins as soon as its doctype is there, whatever came before', async ({
  httpd,
  provider,
}) => {
  httpd.site.write('page.ai', 'Write.');
  enablePages(httpd, provider, 'MuseAiCacheEnable Off');
  await httpd.start();
  const gate = new Gate();
  const begun = `${thought}${chatter}\`\`\`html\n<!DOCTYPE html><html><body><p>Here `;
  provider.script(scriptedModel, stream([text(begun), hold(gate), text('it is.'), finish()]));
  const exchange = httpd.open('/page');
  await exchange.waitFor('<p>Here');
  expect(exchange.text).toMatch(/^<!doctype html>/);
  gate.open();
  expect((await exchange.done).text).toContain('<p>Here it is.');
});

test('megabytes of what looks like a beginning pass in linear time', async ({
  httpd,
  provider,
}) => {
  httpd.site.write('page.ai', 'Write.');
  enablePages(httpd, provider, 'MuseAiCacheEnable Off');
  await httpd.start();
  const size = 400_000;
  const cases: readonly (readonly [part: string, shown: (body: string) => string])[] = [
    ['<', (body) => `${body.replaceAll('<', '&lt;')}</pre></body></html>`],
    ['`', (body) => `${body}</pre></body></html>`],
    ['think ', (body) => `${body}</pre></body></html>`],
    // One endless tag, up to the end of the next one.
    ['</htm', () => '</body></html>'],
    ['<thin', () => '</body></html>'],
    ['<!--', () => ''],
  ];
  for (const [part, rest] of cases) {
    const body = part.repeat(size / part.length);
    const begin = '<!doctype html><html><body><pre>';
    const sent = `${begin}${body}</pre></body></html>`;
    const steps = [...(sent.match(/.{1,4096}/gs) ?? []).map(text), finish()];
    const got = await read(httpd, provider, stream(steps, { together: true }));
    const wanted = begin + rest(body);
    expect(got.length, part).toBe(wanted.length);
    expect(got === wanted, part).toBe(true);
  }
});
