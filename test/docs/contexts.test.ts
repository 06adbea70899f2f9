import { describe, expect } from 'vitest';
import { test } from '../harness/index.ts';
import { checkConfig } from './check-config.ts';
import { readDirectiveTable } from './directive-table.ts';
import { Document } from './document.ts';

const howto = new Document('HOWTO.md');

/** Each directive with the line of its own from its example in the reference. */
const directives = readDirectiveTable()
  .filter(({ hasEffect }) => hasEffect)
  .map(({ name }) => {
    const section = howto.section(name);
    const context = /^- \*\*Context:\*\* (.+)$/m.exec(section.text)?.[1]?.split(', ') ?? [];
    const line = new RegExp(`^${name} .*$`, 'm').exec(section.text)?.[0] ?? '';
    return { name, context, line };
  });

const SECTIONS = [
  ['server config', []],
  ['virtual host', ['<VirtualHost *:1>', '</VirtualHost>']],
  ['directory', ['<Directory "/var/www/html">', '</Directory>']],
] as const;

describe.each(SECTIONS)('httpd takes directives in the context "%s"', (context, wrapping) => {
  const [begin = '', end = ''] = wrapping;

  test('where the reference says so', ({ httpd }) => {
    const lines = directives
      .filter((each) => each.context.includes(context))
      .map(({ line }) => line);
    const { ok, said } = checkConfig(httpd, [begin, ...lines, end]);
    expect(ok, said).toBe(true);
  });

  const refused = directives.filter((each) => !each.context.includes(context));
  if (refused.length === 0) return;
  test.for(refused)('and refuses $name there, as the reference says', ({ line }, { httpd }) => {
    const { ok, said } = checkConfig(httpd, [begin, line, end]);
    expect(ok).toBe(false);
    expect(said).toMatch(/not allowed|cannot occur/);
  });
});

test('httpd takes in .htaccess what the reference says, and nothing else', async ({ httpd }) => {
  for (const { name, line } of directives) {
    httpd.site.write(`${name}/.htaccess`, `${line}\n`);
    httpd.site.write(`${name}/file.txt`, 'served\n');
  }
  httpd.config
    .muse({ models: { models: [{ name: 'preview', provider: 'preview' }] } })
    .section('DirectoryMatch', '/MuseAi[^/]*$', 'AllowOverride FileInfo');
  await httpd.start();
  httpd.log.allow(/\.htaccess: .*(?:not allowed|cannot occur)/);
  for (const { name, context } of directives) {
    const { status } = await httpd.get(`/${name}/file.txt`);
    expect([name, status]).toEqual([name, context.includes('.htaccess') ? 200 : 500]);
  }
});
