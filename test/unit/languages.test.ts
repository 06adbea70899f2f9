import { describe, expect, test } from 'vitest';
import { contentKey } from '../../src/caching/keys.ts';
import { isRightToLeft, nameOfLanguage } from '../../src/language.ts';
import { composeMessages } from '../../src/pages/messages.ts';
import { DocumentLanguage } from '../../src/trust/document-language.ts';
import { HtmlFilter } from '../../src/trust/html-filter.ts';
import { LanguageLinks } from '../../src/trust/language-links.ts';
import { createPageCleaner } from '../../src/trust/page-cleaner.ts';
import { openEngine } from './support/engine.ts';

describe('a language', () => {
  test.for(['ar', 'fa', 'he', 'ur', 'AR-eg', 'ps', 'yi', 'dv', 'az-Arab', 'pa-PK', 'iw'])(
    '%s runs from right to left',
    (tag) => expect(isRightToLeft(tag)).toBe(true),
  );

  test.for(['en', 'az', 'ar-Latn', 'zh-TW', 'x-ar', 'a', '', 'ar-toolongforapart', 'tlh'])(
    '%s does not',
    (tag) => expect(isRightToLeft(tag)).toBe(false),
  );

  test('has a name that models know, or none', () => {
    expect(nameOfLanguage('pt-BR')).toBe('Brazilian Portuguese');
    expect(nameOfLanguage('qqz')).toBeUndefined();
    expect(nameOfLanguage('not a tag')).toBeUndefined();
  });

  test('is said to the model by name and tag', () => {
    const parts = {
      prompts: { systemPrompt: 'S', layout: undefined },
      prompt: 'Write.',
      contentType: 'text/html',
      title: undefined,
    };
    const rules = (lang: string) => composeMessages({ ...parts, lang })[0]?.content;
    expect(rules('ar')).toBe('S\n\nWrite the page in Arabic with the language tag "ar" (BCP 47).');
    expect(rules('qqz')).toContain('in the language with the language tag "qqz"');
  });
});

function filter(text: string, lang: string, pieces = [text]): string {
  const one = new HtmlFilter({ document: new DocumentLanguage(lang) });
  return pieces.map((piece) => one.push(piece)).join('') + one.end();
}

describe('the root element', () => {
  test.for([
    ['<!doctype html><html><p>x', '<!doctype html><html lang="LANG"><p>x'],
    ['<!doctype html>\n<p>x', '<!doctype html>\n<html lang="LANG"><p>x'],
    ['<!doctype html><!-- c -->\nx<p>', '<!doctype html>\n<html lang="LANG">x<p>'],
    ['<HTML LANG=tlh dir=ltr class=a>', '<html lang="LANG" class="a">'],
    [
      '<html xml:lang="tlh" dir="auto"><body dir="rtl" lang="tlh" id="b">',
      '<html lang="LANG"><body id="b">',
    ],
    [
      '<html lang="de" lang="fr"><p lang="fr" dir="ltr">',
      '<html lang="LANG"><p lang="fr" dir="ltr">',
    ],
    ['<html><html lang="tlh">', '<html lang="LANG"><html lang="LANG">'],
  ] as const)('of %j has the language and its direction', ([text, wanted]) => {
    for (const [tag, said] of [
      ['de', 'de'],
      ['ar', 'ar" dir="rtl'],
    ] as const) {
      const whole = wanted.replaceAll('LANG', said);
      expect(filter(text, tag)).toBe(whole);
      expect(filter(text, tag, text.split(''))).toBe(whole);
    }
  });

  test.for([
    ['text/html', '<p>Short.'],
    ['text/html', 'Only text.'],
    ['text/html', '<!doctype html><title>T</title><p>x'],
    ['text/markdown', '# Head\n\nText.'],
  ] as const)('is there whatever the model writes: %j', ([written, text]) => {
    const page = {
      contentType: 'text/html; charset=utf-8',
      request: { contentType: written },
      title: undefined,
      lang: 'he',
    };
    const options = { reasoning: 'hide', scripts: undefined, bytesMax: 1_000_000 } as const;
    const cleaner = createPageCleaner(page, options);
    const html = cleaner.push(text) + cleaner.end();
    expect(html).toMatch(/^<!doctype html>\s*<html lang="he" dir="rtl">/);
    expect(html.match(/<html/g)).toHaveLength(1);
    const broken = createPageCleaner(page, options);
    const cut = broken.push(text) + broken.notice('broken');
    expect(cut.match(/<html/g)).toHaveLength(1);
    // Found too long after its end.
    expect(`${html}${cleaner.notice('length')}`.match(/<html/g)).toHaveLength(1);
  });
});

describe('a link', () => {
  const language = { tag: 'es-ES', among: ['en', 'es-ES', 'zh-Hant-TW'] };
  const at = (path: string) => new LanguageLinks({ path, language });

  test.for([
    ['/about', '/es-ES/about'],
    ['about', '/es-ES/docs/about'],
    ['./about/', '/es-ES/docs/about/'],
    ['../about#x', '/es-ES/about#x'],
    ['../../../about', '/es-ES/about'],
    ['?a=b&c', '/es-ES/docs/page?a=b&c'],
    [' /about\n', '/es-ES/about'],
    ['/a\tbout', '/es-ES/about'],
    ['a b', '/es-ES/docs/a%20b'],
    ['/', '/es-ES/'],
    ['/page.ai', '/es-ES/page.ai'],
    ['/page.html', '/es-ES/page.html'],
    ['/espresso', '/es-ES/espresso'],
    ['/v1.0', '/es-ES/v1.0'],
    ['/.//evil.example/', '/es-ES//evil.example/'],
    ['\\about', '/es-ES/about'],
  ] as const)('to %j leads to %j', ([url, wanted]) =>
    expect(at('/docs/page').lead(url)).toBe(wanted),
  );

  test.for([
    ...['', '#top', ' #top', 'https://other.example/', '//other.example/', '/\\other.example/'],
    ...['\\\\other.example', '/\t/other.example', 'mailto:a@b.example', 'tel:+1', 'MAILTO:x'],
    ...['/es/about', '/ES-es/about', '/en', '/zh/x', '../en/about', '/plan.pdf', 'a/b.PNG?x=1'],
    ...['http://', '/zh-hant-tw/'],
  ])('to %j stays', (url) => expect(at('/docs/page').lead(url)).toBe(url));

  test('is read from a page with any name', () => {
    expect(at('/a ?#%/b"<').lead('c')).toBe('/es-ES/a%20%3F%23%25/c');
    expect(at('//evil.example/x').lead('c')).toBe('/es-ES//evil.example/c');
  });

  test('leads on only where visitors follow it', () => {
    const one = new HtmlFilter({ links: at('/docs/page') });
    const out =
      one.push(
        '<a href="/a">a</a><area href=b><form action="/c"><button formaction=d></button></form>' +
          '<link rel="stylesheet" href="/e"><img src="/f"><q cite="/g">q</q><a href="/h?x=&quot;1">h</a>',
      ) + one.end();
    expect([...out.matchAll(/(?:href|action|src|cite)="(.*?)"/g)].map(([, url]) => url)).toEqual([
      ...['/es-ES/a', '/es-ES/docs/b', '/es-ES/c', '/es-ES/docs/d', '/e', '/f', '/g'],
      '/es-ES/h?x=%221',
    ]);
  });
});

test('links that were written in Markdown stay in the language too', () => {
  const page = {
    contentType: 'text/html; charset=utf-8',
    request: { contentType: 'text/markdown' },
    title: undefined,
    lang: 'es',
    place: { path: '/docs/page', language: { tag: 'es', among: ['en', 'es'] } },
  };
  const options = { reasoning: 'hide', scripts: undefined, bytesMax: 1_000_000 } as const;
  const cleaner = createPageCleaner(page, options);
  const html = cleaner.push('# T\n\n[a](/about) [b](near) ![c](c.png)\n') + cleaner.end();
  expect([...html.matchAll(/(?:href|src)="(.*?)"/g)].map(([, url]) => url)).toEqual([
    ...['/es/about', '/es/docs/near', 'c.png'],
  ]);
});

describe('in the engine', () => {
  const asked = (tag: string, path = '/page', among = 'en,es') => ({
    ...{ MUSE_LANG: tag, MUSE_LANGUAGES: among, DOCUMENT_URI: path },
  });

  test('answers of different languages, places and lists are kept apart', async () => {
    const engine = await openEngine();
    const variants = [
      {},
      asked('es'),
      asked('en'),
      asked('es', '/other'),
      asked('es', '/page', 'en,es,fr'),
    ];
    for (const params of variants) {
      expect((await engine.get(params)).headers['Cache-Status']).toContain('fwd=uri-miss');
      expect((await engine.get(params)).headers['Cache-Status']).toContain('hit');
    }
  });

  test('only a page that names its language says it: the others’ httpd says', async () => {
    const engine = await openEngine();
    expect((await engine.get(asked('es'))).headers['Content-Language']).toBeUndefined();
    engine.write('page.ai', '---\nlang: es\n---\nWrite about herons.');
    const own = await engine.get(asked('es'));
    expect(own.headers).toMatchObject({
      'Content-Language': 'es',
      'Cache-Status': expect.stringContaining('fwd=uri-miss'),
    });
  });

  test('a key without languages is what it was', () => {
    const parts = {
      ...{ messages: [], model: { name: 'm', provider: 'openai', shape: {} } as never },
      ...{ url: undefined, temperature: undefined, topP: undefined, maxTokens: 1, stop: undefined },
      ...{ contentType: 'text/html', title: undefined, lang: undefined },
    };
    expect(contentKey({ ...parts, languages: undefined })).toBe(contentKey(parts));
    expect(contentKey({ ...parts, languages: [true, null] })).not.toBe(contentKey(parts));
  });
});
