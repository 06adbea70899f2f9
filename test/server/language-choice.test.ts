import { describe, expect } from 'vitest';
import { test, waitUntil } from '../harness/index.ts';
import { accept, cookie, speak, spoken } from './language-pages.ts';

const FEW = ['MuseAiLanguages en es-ES ar pt-BR zh-CN zh-TW', 'MuseAiDefaultLanguage en'];

describe.each(['event', 'prefork'] as const)('on the %s MPM', (mpm) => {
  test('the URL, the query, a cookie, the browser, the default choose, in this order', async ({
    httpd,
    provider,
  }) => {
    httpd.config.mpm = mpm;
    speak(httpd, provider, ...FEW);
    await httpd.start();
    const asked: [string, object, string][] = [
      ['/page', {}, 'en'],
      ['/page', accept('ar'), 'ar'],
      ['/page', accept('ar-EG, en;q=0.9'), 'ar'],
      ['/page', accept('es-MX, en;q=0.9'), 'en'],
      ['/page', accept('es-MX, de;q=0.9'), 'es-ES'],
      ['/page', accept('en;q=0.3, zh-Hant-TW, zh;q=0.9'), 'zh-TW'],
      ['/page', accept('*;q=0'), 'en'],
      ['/page', { headers: { Cookie: 'language=pt', 'Accept-Language': 'ar' } }, 'pt-BR'],
      ['/page', cookie('muse_lang=ar; locale=es'), 'es-ES'],
      ['/page', cookie('mylanguage=ar; languages=ar; x=language=ar; locale="zh_TW"'), 'zh-TW'],
      ['/page', { headers: { Cookie: 'language=tlh', 'Accept-Language': 'ar' } }, 'ar'],
      ['/page?lang=es', cookie('language=ar'), 'es-ES'],
      ['/page?x=1&locale=zh_TW', cookie('language=ar'), 'zh-TW'],
      ['/page?language=none', cookie('language=ar'), 'ar'],
      ['/page?mylang=es', cookie('language=ar'), 'ar'],
      ['/ar/page?lang=es', cookie('language=en'), 'ar'],
      ['/zh-tw/page', {}, 'zh-TW'],
      ['/ZH/page.ai', {}, 'zh-CN'],
    ];
    for (const [path, options, tag] of asked) {
      const result = await httpd.get(path, options);
      expect([path, options, result.status, spoken(result)]).toEqual([path, options, 200, tag]);
      expect(result.headers['content-language']).toBe(tag);
      expect(/dir="rtl"/.test(result.text)).toBe(tag === 'ar');
    }
  });
});

test('without MuseAiLanguages nothing is negotiated', async ({ httpd, provider }) => {
  speak(httpd, provider);
  httpd.site.write('off/page.ai', 'Off.');
  await httpd.start();
  const result = await httpd.get('/page?lang=es', accept('es'));
  expect(result.text).toContain('in none:');
  expect(result.headers['content-language']).toBeUndefined();
  expect(result.headers.link).toBeUndefined();
  expect(result.headers.vary).not.toContain('Accept-Language');
  expect((await httpd.get('/es/page')).status).toBe(404);
});

test('hostile headers give a page', async ({ httpd, provider }) => {
  speak(httpd, provider, 'MuseAiLanguages All');
  await httpd.start();
  for (const value of [
    ','.repeat(8_000),
    'en;q=1.0001, ar;q=0.1',
    'ar;q=abc, *;q=, -;q=1, a-, --, en-',
    `${'a'.repeat(4_000)}, zh${'-zz'.repeat(1_000)}`,
    'x'.repeat(9).concat(', \u0001\u007f'),
    Array.from({ length: 500 }, (_, n) => `x${n % 10}-yy;q=0.${n}`).join(','),
  ]) {
    const raw = { headers: { 'Accept-Language': value.replace(/[\u0001\u007f]/g, '\t') } };
    const result = await httpd.get('/page', raw);
    expect(result.status, value.slice(0, 40)).toBe(200);
    expect(['en-US', 'ar', 'zh-CN']).toContain(spoken(result));
  }
});

test('prompts of visitors and forms are answered in their language', async ({
  httpd,
  provider,
}) => {
  speak(httpd, provider, 'MuseAiLanguages en es');
  const lines = ['SetHandler muse-ai-handler', 'MuseAiPrompt On'];
  httpd.config.section('Location', '/ai', ...lines, 'MuseAiLanguages en es');
  httpd.site.write('form.ai', 'To {{ form.name }}.');
  await httpd.start();
  expect(spoken(await httpd.get('/ai?prompt=x', accept('es')))).toBe('es');
  expect(spoken(await httpd.get('/es/ai?prompt=x'))).toBe('es');
  const form = {
    method: 'POST',
    body: 'name=Ann',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  };
  const answer = await httpd.get('/es/form', form);
  expect([answer.status, spoken(answer)]).toEqual([200, 'es']);
  expect(answer.headers.link).toBeUndefined();
});

test('who comes back for a page gets it in the language that it was asked for in', async ({
  httpd,
  provider,
}) => {
  speak(httpd, provider, 'MuseAiLanguages en es');
  httpd.site.write('page.ai', 'The page {{ query.x }}.');
  httpd.site.write('own.ai', 'Its own.');
  httpd.site.write('own.es.ai', 'Lo suyo.');
  await httpd.start();
  for (const path of ['/page', '/page?lang=tlh&x=1', '/es/page?x=2', '/own']) {
    const headers = { Prefer: 'respond-async', 'Accept-Language': 'es' };
    const away = await httpd.get(path, { headers });
    expect([path, away.status]).toEqual([path, 202]);
    const result = await waitUntil('the page', async () => {
      const answer = await httpd.get(away.headers.location ?? '', accept('en'));
      return answer.status === 200 && answer;
    });
    expect([path, spoken(result), result.headers['content-language']]).toEqual([path, 'es', 'es']);
  }
});

describe('the configuration', () => {
  test('of the site’s .htaccess alone is enough, before the path too', async ({
    httpd,
    provider,
  }) => {
    speak(httpd, provider);
    httpd.site.write('.htaccess', 'MuseAiLanguages en es\n');
    httpd.site.write('docs/page.ai', 'Deep.');
    await httpd.start();
    for (const path of ['/es/page', '/es/docs/page', '/docs/page?lang=es']) {
      expect([path, spoken(await httpd.get(path))]).toEqual([path, 'es']);
    }
  });

  test('is inherited one by one, by .htaccess too', async ({ httpd, provider }) => {
    speak(httpd, provider, ...FEW);
    httpd.site.write('de/.htaccess', 'MuseAiLanguages de es-ES\nMuseAiDefaultLanguage de\n');
    httpd.site.write('off/.htaccess', 'MuseAiLanguages Off\n');
    httpd.site.write('left/.htaccess', 'MuseAiLanguages fr es-ES\n');
    for (const folder of ['de', 'off', 'left']) httpd.site.write(`${folder}/page.ai`, folder);
    await httpd.start();
    expect(spoken(await httpd.get('/de/page', accept('ar')))).toBe('de');
    expect((await httpd.get('/off/page', accept('ar'))).text).toContain('in none:');
    expect(spoken(await httpd.get('/left/page', accept('ar')))).toBe('fr');
    httpd.log.expect(/MUSE0087: MuseAiDefaultLanguage en is none of MuseAiLanguages fr,es-ES/);
  });

  test.for([
    ['MuseAiLanguages en german', '"german" is not the tag of a language'],
    ['MuseAiLanguages en All', '"All" is not the tag of a language'],
    ['MuseAiLanguages en_US', '"en_US" is not the tag of a language'],
    ['MuseAiLanguages', 'give from 1 to 128 tags'],
    ['MuseAiLanguages en\nMuseAiDefaultLanguage de', 'de is none of MuseAiLanguages en;'],
    ['MuseAiDefaultLanguage de\nMuseAiLanguages Off', 'de is none of MuseAiLanguages Off;'],
    ['MuseAiDefaultLanguage 12', '"12" is not the tag of a language'],
  ] as const)('%j is refused: %s', async ([lines, why], { httpd, provider }) => {
    speak(httpd, provider, ...lines.split('\n'));
    const { ok, said } = await httpd.check();
    expect([ok, said]).toEqual([false, expect.stringContaining(why)]);
  });
});
