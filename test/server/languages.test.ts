import { expect } from 'vitest';
import { scriptedModel, test, waitUntil } from '../harness/index.ts';
import { finish, Gate, hold, stream, text } from '../provider/index.ts';
import { isHit } from './counted-pages.ts';
import { fewThreads } from './few-threads.ts';
import { accept, alternates, cookie, opening, speak, spoken } from './language-pages.ts';

test('an Arabic page is Arabic and marked so, for each of its visitors alike', async ({
  httpd,
  provider,
}) => {
  speak(httpd, provider, 'MuseAiLanguages en ar');
  await httpd.start();
  for (const [options, hit] of [
    [accept('ar'), false],
    [accept('ar;q=0.9, tlh'), true],
    [cookie('locale=ar'), true],
    [{ ...accept('ar'), method: 'HEAD' }, true],
  ] as const) {
    const result = await httpd.get('/page', options);
    expect(isHit(result), JSON.stringify(options)).toBe(hit);
    expect(result.headers).toMatchObject({
      'content-language': 'ar',
      vary: expect.stringMatching(/Accept-Language, ?Cookie/),
    });
    if (!('method' in options)) expect(result.text).toContain('<html lang="ar" dir="rtl">');
  }
  expect(isHit(await httpd.get('/ar/page'))).toBe(true);
  expect(provider.received).toBe(1);
  const etag = (await httpd.get('/page', accept('ar'))).headers.etag ?? '';
  const same = await httpd.get('/page', {
    headers: { 'Accept-Language': 'ar', 'If-None-Match': etag },
  });
  expect([same.status, same.headers.vary]).toEqual([304, expect.stringContaining('Cookie')]);
});

test('an answer names the others, by absolute addresses that keep the query', async ({
  httpd,
  provider,
}) => {
  speak(httpd, provider, 'MuseAiLanguages en es', 'DirectoryIndex index.ai');
  httpd.site.write('docs/index.ai', 'Index.');
  httpd.site.write('docs/a "b" <c>.ai', 'Odd.');
  await httpd.start();
  const host = httpd.url;
  const all = (path: string, query = '') => ({
    en: `${host}/en${path}${query}`,
    es: `${host}/es${path}${query}`,
    'x-default': host + path + query,
  });
  expect(alternates(await httpd.get('/page'))).toEqual(all('/page'));
  // From the cache, in another language, and by its own address.
  expect(alternates(await httpd.get('/page'))).toEqual(all('/page'));
  const es = await httpd.get('/es/page?b=2&lang=en&c=%3e');
  expect(alternates(es)).toEqual(all('/page', '?b=2&c=%3e'));
  expect(es.headers.vary).not.toContain('Accept-Language');
  expect((await httpd.get('/page?lang=es')).headers.vary).not.toContain('Accept-Language');
  expect(alternates(await httpd.get('/page?locale=es'))).toEqual(all('/page'));
  expect(alternates(await httpd.get('/es/docs/'))).toEqual(all('/docs/'));
  expect(alternates(await httpd.get('/docs/'))).toEqual(all('/docs/'));
  const odd = await httpd.get('/docs/a%20%22b%22%20%3Cc%3E');
  expect(alternates(odd)).toEqual(all('/docs/a%20%22b%22%20%3cc%3e'));
  const named = await httpd.get('/page', { headers: { Host: 'www.example.com:8080' } });
  expect(alternates(named).es).toBe('http://www.example.com:8080/es/page');
});

test('links stay in the language of the page', async ({ httpd, provider }) => {
  speak(httpd, provider, 'MuseAiLanguages en es-ES fr');
  httpd.site.write('docs/page.ai', 'Deep.');
  httpd.site.write('docs/text.ai', '---\nrender: markdown\n---\nIn Markdown.');
  await httpd.start();
  for (const path of ['/es/docs/page', '/docs/page?lang=es']) {
    const { text } = await httpd.get(path);
    const found = [...text.matchAll(/(?:href|action)="(.*?)"/g)].map(([, url]) => url);
    expect(found).toEqual([
      ...['/es-ES/about', '/es-ES/docs/near', '/es-ES/docs/page?a=b', '#d', '/fr/about'],
      ...['//host.example/x', 'mailto:a@b.example', '/plan.pdf', '/es-ES/find.ai'],
    ]);
  }
  const markdown = await httpd.get('/es/docs/text');
  expect(markdown.text).toMatch(/^<!doctype html>\n?<html lang="es-ES">/);
});

test('a page that names its own language is in no other', async ({ httpd, provider }) => {
  speak(httpd, provider, 'MuseAiLanguages en de');
  httpd.site.write('own.ai', '---\nlang: he\n---\nIts own.');
  await httpd.start();
  for (const [hit, path] of [false, true].flatMap((each) => [
    [each, '/own'] as const,
    [true, '/de/own'] as const,
  ])) {
    const result = await httpd.get(path, accept('de'));
    expect([path, isHit(result), spoken(result)]).toEqual([path, hit, 'he']);
    expect(result.headers['content-language']).toBe('he');
    expect(result.headers.vary).not.toContain('Accept-Language');
    expect(result.headers.link).toBeUndefined();
    expect(result.text).toContain('<html lang="he" dir="rtl">');
    expect(result.text).toContain('href="/about"');
  }
  expect(provider.received).toBe(1);
});

test('visitors of many languages at once each get their own', async ({ httpd, provider }) => {
  const tags = ['en', 'es', 'fr', 'de', 'ar', 'ja', 'zh-CN', 'pt-BR'];
  speak(httpd, provider, `MuseAiLanguages ${tags.join(' ')}`);
  await httpd.start();
  const visits = Array.from({ length: 240 }, (_, n) => tags[n % tags.length] ?? '');
  for (let from = 0; from < visits.length; from += 40) {
    await Promise.all(
      visits.slice(from, from + 40).map(async (tag, n) => {
        const result = await (n % 3 === 0
          ? httpd.get(`/${tag}/page`)
          : httpd.get('/page', n % 3 === 1 ? accept(tag) : cookie(`language=${tag}`)));
        expect([spoken(result), result.headers['content-language']]).toEqual([tag, tag]);
      }),
    );
  }
  expect(provider.received).toBe(tags.length);
});

test('over HTTP/2 and TLS the addresses of a page are https', async ({ httpd, provider }) => {
  httpd.config.modules('http2').tls('Protocols h2');
  speak(httpd, provider, 'MuseAiLanguages en es');
  await httpd.start();
  const client = httpd.http2();
  try {
    for (const hit of [false, true]) {
      const result = await client.open('/es/page').done;
      expect([result.status, spoken(result), isHit(result)]).toEqual([200, 'es', hit]);
      expect(alternates(result).en).toBe(`${httpd.tlsUrl}/en/page`);
    }
  } finally {
    await client.close();
  }
});

test('a stale page is served and written anew in its own language', async ({ httpd, provider }) => {
  speak(httpd, provider, 'MuseAiLanguages en es', 'MuseAiCacheTTL 2', 'MuseAiCacheStale 600');
  await httpd.start();
  await httpd.get('/page', accept('es'));
  await httpd.get('/page', accept('en'));
  const stale = await waitUntil('a stale page', async () => {
    const result = await httpd.get('/page', accept('es'));
    expect(spoken(result)).toBe('es');
    return / ttl=-/.test(result.headers['cache-status'] ?? '') && result;
  });
  expect(stale.headers['content-language']).toBe('es');
  expect(stale.headers.vary).toMatch(/Accept-Language/);
  expect(alternates(stale).es).toBe(`${httpd.url}/es/page`);
  await waitUntil('the page to be fresh again', async () => {
    const result = await httpd.get('/page', accept('es'));
    expect(spoken(result)).toBe('es');
    return / ttl=\d/.test(result.headers['cache-status'] ?? '');
  });
});

test('visitors of one language join while it is written, and no other', async ({
  httpd,
  provider,
}) => {
  speak(httpd, provider, 'MuseAiLanguages en es');
  const gate = new Gate();
  const steps = [text(`${opening}<p>Once`), hold(gate), text(' upon a time.</html>'), finish()];
  provider.script(scriptedModel, stream(steps));
  await httpd.start();
  const open = [
    httpd.open('/page', accept('es')),
    httpd.open('/es/page'),
    httpd.open('/page', cookie('language=es')),
    httpd.open('/page', accept('en')),
  ];
  await Promise.all(open.map((each) => each.waitFor('Once')));
  gate.open();
  const results = await Promise.all(open.map(({ done }) => done));
  expect(results.map(({ headers }) => headers['content-language'])).toEqual([
    'es',
    'es',
    'es',
    'en',
  ]);
  for (const { text: html, headers } of results) {
    expect(html).toContain(`<html lang="${headers['content-language']}">`);
  }
  expect(provider.received).toBe(2);
});

test('visitors who wait for pages of their languages hold no thread', async ({
  httpd,
  provider,
}) => {
  fewThreads(httpd, 2);
  speak(httpd, provider, 'MuseAiLanguages en es');
  httpd.site.write('page.es.ai', 'La página {{ query.n }}.');
  httpd.site.write('page.ai', 'The page {{ query.n }}.');
  httpd.site.write('static.txt', 'static');
  const gate = new Gate();
  provider.script(scriptedModel, stream([text(opening), hold(gate), text('</html>'), finish()]));
  await httpd.start();
  const paths = ['/es/page', '/en/page', '/page'].flatMap((path) =>
    [1, 2, 3, 4].map((n) => `${path}?n=${path}${n}`),
  );
  const open = paths.map((path) => httpd.open(path, accept('es')));
  await gate.arrived(paths.length);
  expect((await httpd.get('/es/static.txt')).text).toBe('static');
  gate.open();
  for (const { status, complete } of await Promise.all(open.map(({ done }) => done))) {
    expect([status, complete]).toEqual([200, true]);
  }
});

test('a name of the host that could say more than that is in no header', async ({
  httpd,
  provider,
}) => {
  speak(httpd, provider, 'MuseAiLanguages en es');
  httpd.config.lines('HttpProtocolOptions Unsafe');
  await httpd.start();
  for (const host of ['a"b', 'a>b', 'a;b', 'a,b', 'a b', "a'b"]) {
    const { status, headers } = await httpd.get('/es/page', { headers: { Host: host } });
    expect([host, status, headers.link]).toEqual([host, 200, undefined]);
  }
});
