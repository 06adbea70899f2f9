import { expect } from 'vitest';
import { test } from '../harness/index.ts';
import { isHit } from './counted-pages.ts';
import { accept, alternates, speak, spoken } from './language-pages.ts';

const LANGUAGES = 'MuseAiLanguages en es-ES pt-BR fr';

test('page.es.ai is the page for those who get Spanish', async ({ httpd, provider }) => {
  speak(httpd, provider, LANGUAGES, 'DirectoryIndex page.ai');
  httpd.site.write('page.es-ES.ai', 'La página: {{ path }} {{ query.x }}');
  httpd.site.write('page.pt.ai', 'A página.');
  await httpd.start();
  for (const [path, header, tag, text] of [
    ['/page', 'es', 'es-ES', 'La página: <visitor'],
    ['/es/page?x=1', 'fr', 'es-ES', '1'],
    ['/page.ai', 'pt', 'pt-BR', 'A página.'],
    ['/', 'pt', 'pt-BR', 'A página.'],
    ['/es/', 'pt', 'es-ES', 'La página'],
    ['/page', 'fr', 'fr', 'The page.'],
    ['/page', 'en', 'en', 'The page.'],
  ] as const) {
    const result = await httpd.get(path, accept(header));
    expect([path, header, result.status, spoken(result)]).toEqual([path, header, 200, tag]);
    if (!text.includes('<')) expect(result.text).toContain(text);
    expect(result.headers['content-language']).toBe(tag);
    expect(Object.keys(alternates(result))).toEqual(['en', 'es-ES', 'pt-BR', 'fr', 'x-default']);
    if (path === '/page') expect(result.headers.vary).toMatch(/Accept-Language, ?Cookie/);
  }
  expect(isHit(await httpd.get('/page', accept('es')))).toBe(true);
});

test('asked for by its own name it is in its language', async ({ httpd, provider }) => {
  speak(httpd, provider, LANGUAGES);
  httpd.site.write('page.es.ai', 'La página.');
  await httpd.start();
  for (const path of ['/page.es', '/page.es.ai', '/fr/page.es']) {
    const result = await httpd.get(path, accept('fr'));
    expect([path, spoken(result)]).toEqual([path, 'es-ES']);
    expect(result.headers.link).toBeUndefined();
    expect(result.headers.vary).not.toContain('Accept-Language');
  }
});

test('a page in its own language is only in that and those it has files for', async ({
  httpd,
  provider,
}) => {
  speak(httpd, provider, LANGUAGES);
  httpd.site.write('page.ai', '---\nlang: en\n---\nThe page.');
  httpd.site.write('page.es.ai', '---\nlang: es-ES\n---\nLa página.');
  await httpd.start();
  const en = await httpd.get('/page', accept('fr'));
  const es = await httpd.get('/page', accept('es'));
  expect([spoken(en), spoken(es)]).toEqual(['en', 'es-ES']);
  expect(en.headers.vary).toMatch(/Accept-Language, ?Cookie/);
  expect(es.headers.vary).toMatch(/Accept-Language, ?Cookie/);
  expect(Object.keys(alternates(en))).toEqual(['en', 'es-ES', 'x-default']);
});

test('rules for the file of a translation hold for it', async ({ httpd, provider }) => {
  speak(httpd, provider, LANGUAGES);
  httpd.config.section('Files', 'page.es.ai', 'Require all denied');
  httpd.site.write('page.es.ai', 'Secreto.');
  await httpd.start();
  httpd.log.expect(/AH01630: client denied by server configuration: .*page\.es\.ai/);
  expect((await httpd.get('/page', accept('es'))).status).toBe(403);
  expect((await httpd.get('/page', accept('fr'))).status).toBe(200);
  expect(provider.received).toBe(1);
});

test('one that another handler takes by its suffix is none, and the log says so', async ({
  httpd,
  provider,
}) => {
  speak(httpd, provider, 'MuseAiLanguages en pl', 'AddHandler cgi-script .pl');
  httpd.site.write('page.pl.ai', 'Strona.');
  await httpd.start();
  expect((await httpd.get('/page', accept('pl'))).text).toContain('in pl: The page.');
  httpd.log.expect(/MUSE0088: .*page\.pl\.ai is no translation, .* handler cgi-script/);
});

test('a changed translation is written anew, and a new one is found', async ({
  httpd,
  provider,
}) => {
  speak(httpd, provider, LANGUAGES);
  await httpd.start();
  const read = async () => (await httpd.get('/page', accept('es'))).text;
  expect(await read()).toContain('The page.');
  httpd.site.write('page.es.ai', 'La página.');
  expect(await read()).toContain('La página.');
  httpd.site.write('page.es.ai', 'La página nueva.');
  expect(await read()).toContain('La página nueva.');
});

test('a page is purged in all its languages', async ({ httpd, provider }) => {
  speak(httpd, provider, LANGUAGES);
  httpd.config.section('Location', '/muse-purge', 'SetHandler muse-ai-purge', 'Require local');
  httpd.site.write('page.es.ai', 'La página.');
  httpd.site.write('pages.es.ai', 'Otra.');
  await httpd.start();
  const visit = async () => {
    const tags = ['en', 'es', 'fr'] as const;
    const pages = await Promise.all(tags.map((tag) => httpd.get('/page', accept(tag))));
    return pages.map(isHit);
  };
  await visit();
  expect(await visit()).toEqual([true, true, true]);
  const other = await httpd.get('/pages.es');
  expect(other.status).toBe(200);
  for (const headers of [{}, accept('es').headers]) {
    const purged = await httpd.get('/muse-purge?path=/page', { method: 'POST', headers });
    expect(JSON.parse(purged.text)).toEqual({ purged: 3 });
    expect(await visit()).toEqual([false, false, false]);
  }
  expect(isHit(await httpd.get('/pages.es'))).toBe(true);
});
