import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { isRightToLeft } from '../../src/language.ts';
import { enablePages, test } from '../harness/index.ts';
import { accept, alternates, speak, spoken } from '../server/language-pages.ts';
import { configure, snippet } from './as-documented.ts';
import { checkout, Document, tableRows } from './document.ts';

const title = 'Serve pages in several languages';
const rows = tableRows(new Document('HOWTO.md').section(title).text);

describe(title, () => {
  test('the table has what MuseAiLanguages All stands for', () => {
    const source = readFileSync(join(checkout, 'apache-module', 'muse_set_language.c'), 'utf8');
    const list = /all\[\] = \{(.*?)\};/s.exec(source)?.[1] ?? '';
    const tags = [...list.matchAll(/"(.+?)"/g)].map(([, tag]) => tag);
    const cells = rows.filter((cells) => cells.length === 4);
    const told = [...cells.map(([a = '', b]) => [a, b]), ...cells.map(([, , a = '', b]) => [a, b])];
    expect(told.map(([tag]) => tag?.replaceAll('`', ''))).toEqual(tags);
    expect(tags).toHaveLength(46);
    const names = new Intl.DisplayNames('en', { type: 'language' });
    for (const [tag = ''] of told.map(([cell]) => [cell?.replaceAll('`', '') ?? ''])) {
      const row = told.find(([cell]) => cell === `\`${tag}\``);
      const way = isRightToLeft(tag) ? ', from right to left' : '';
      expect(row?.[1]).toBe(`${names.of(tag)}${way}`);
    }
  });

  test('what chooses does so with its own examples', async ({ httpd, provider }) => {
    speak(httpd, provider);
    configure(httpd, snippet(title, 'apache'));
    httpd.site.write('garden/roses.ai', snippet(title, 'ai', 2));
    httpd.site.write('garden/legal.ai', snippet(title, 'ai', 0));
    await httpd.start();
    const [url = '', query = '', cookie = '', browser = ''] = rows
      .filter((cells) => cells.length === 2)
      .map(([, example = '']) => example.replaceAll('`', ''));
    const language = async (path: string, headers = {}) =>
      spoken(await httpd.get(path, { headers }));
    expect(await language(url)).toBe('es-ES');
    expect(await language(query)).toBe('es-ES');
    expect(await language('/garden/roses', { Cookie: cookie.replace('Cookie: ', '') })).toBe(
      'es-ES',
    );
    expect(await language('/garden/roses', { 'Accept-Language': browser })).toBe('es-ES');
    expect(await language('/garden/roses')).toBe('en');
    expect((await httpd.get('/ar/garden/roses')).text).toContain('Name the poets of Shiraz.');
    expect((await httpd.get('/garden/roses')).text).not.toContain('Shiraz');
    expect(spoken(await httpd.get('/es/garden/legal'))).toBe('de');
    httpd.site.write('garden/roses.es.ai', snippet(title, 'ai', 1));
    const es = await httpd.get('/garden/roses', accept('es'));
    expect(es.text).toContain('Escribe sobre las rosas');
  });

  test('All makes a Link header of about four kilobytes', async ({ httpd, provider }) => {
    enablePages(httpd, provider, 'MuseAiLanguages All');
    httpd.site.write('garden/roses.ai', 'Roses.');
    await httpd.start();
    const result = await httpd.get('/garden/roses', { headers: { Host: 'www.example.com' } });
    expect(Object.keys(alternates(result))).toHaveLength(47);
    expect(result.headers.link?.length).toBeGreaterThan(3_000);
    expect(result.headers.link?.length).toBeLessThan(5_000);
  });
});
