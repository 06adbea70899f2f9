import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { systemFiles } from '../../src/files.ts';
import { splitFrontMatter } from '../../src/pages/front-matter.ts';
import { readPage } from '../../src/pages/page.ts';
import { temporaryFolder } from './support/folder.ts';

async function pageOf(content: string | Buffer) {
  using folder = temporaryFolder();
  writeFileSync(folder.at('page.ai'), content);
  return await readPage(folder.at('page.ai'), systemFiles);
}

describe('a page’s file', () => {
  test('is its prompt when it has no front matter', async () => {
    const page = await pageOf('Write about herons.\n---\nNot front matter.');
    expect(page).toMatchObject({
      settings: {},
      template: 'Write about herons.\n---\nNot front matter.',
      templateLine: 1,
    });
  });

  test('may begin with a byte order mark, before front matter too', async () => {
    expect((await pageOf('\ufeffWrite.')).template).toBe('Write.');
    expect((await pageOf('\ufeff---\nttl: 5\n---\nWrite.')).settings).toEqual({ ttl: 5 });
  });

  test.for([
    ['a NUL byte', Buffer.from('Write\0'), 'page-not-text', 500],
    ['Latin-1', Buffer.from('Gr\xfc\xdfe', 'latin1'), 'page-not-text', 500],
    ['more than a megabyte', Buffer.alloc(1_048_577, 'x'), 'page-too-large', 500],
  ] as const)('with %s is refused', async ([, content, code, status]) => {
    await expect(pageOf(content)).rejects.toMatchObject({ code, status });
  });

  test('of exactly a megabyte is read whole', async () => {
    expect((await pageOf(Buffer.alloc(1_048_576, 'x'))).template).toHaveLength(1_048_576);
  });

  test('that is not there is 404; a folder or a pipe in its place is 403, at once', async () => {
    using folder = temporaryFolder();
    await expect(readPage(folder.at('none.ai'), systemFiles)).rejects.toMatchObject({
      code: 'page-missing',
      status: 404,
    });
    await expect(readPage(folder.path, systemFiles)).rejects.toMatchObject({
      code: 'page-unreadable',
      status: 403,
    });
    execFileSync('mkfifo', [folder.at('pipe.ai')]);
    await expect(readPage(folder.at('pipe.ai'), systemFiles)).rejects.toMatchObject({
      code: 'page-unreadable',
    });
  });

  test('that may not be read is 403, and the log says whose right is missing', async () => {
    const files = {
      ...systemFiles,
      read: () => Promise.reject(Object.assign(new Error('EACCES: no'), { code: 'EACCES' })),
    };
    await expect(readPage('/x.ai', files)).rejects.toMatchObject({
      status: 403,
      message: expect.stringMatching(/^\/x\.ai: .*User/),
    });
  });
});

describe('front matter', () => {
  const split = (text: string) => splitFrontMatter('/w/p.ai', text);

  test('sets all of its fields, and the template begins after it', () => {
    const page = split(
      '---\nmodel: writer\nttl: 60\ntemperature: 0.5\nmax_tokens: 100\n' +
        'content_type: text/plain\nlang: pt-BR\ntitle: "A: B"\n---\nWrite\n{{ x }}',
    );
    expect(page.settings).toEqual({
      model: 'writer',
      ttl: 60,
      temperature: 0.5,
      max_tokens: 100,
      content_type: 'text/plain',
      lang: 'pt-BR',
      title: 'A: B',
    });
    expect([page.template, page.templateLine]).toEqual(['Write\n{{ x }}', 10]);
  });

  test('may be empty or a comment, and lines may end as on Windows', () => {
    expect(split('---\n---\nWrite.').settings).toEqual({});
    expect(split('---\n# nothing\n---\nWrite.').settings).toEqual({});
    const page = split('---\r\nttl: 60\r\n---\r\nWrite.\r\nMore.');
    expect([page.settings, page.template]).toEqual([{ ttl: 60 }, 'Write.\nMore.']);
  });

  test.for([
    ['---\nttl: 5\nWrite.', '/w/p.ai:1: ', 'no end'],
    ['---\nttl: soon\n---\n', '/w/p.ai:2:1: ttl:', 'expected number'],
    ['---\n\nttl: -1\n---\n', '/w/p.ai:3:1: ttl:', '>=0'],
    ['---\nmodle: x\n---\n', '/w/p.ai:2:1: modle:', 'Did you mean "model"?'],
    ['---\nmodel: [a]\n---\n', '/w/p.ai:2:1: model:', 'expected string'],
    ['---\ntemperature: 3\n---\n', 'temperature:', '<=2'],
    ['---\nlang: "de\\nX"\n---\n', 'lang:', 'language tag'],
    ['---\ncontent_type: html\n---\n', 'content_type:', 'media type'],
    ['---\ncontent_type: "text/html\\r\\nX: y"\n---\n', 'content_type:', 'media type'],
    ['---\ncontent_type: text/html; charset=iso-2022-jp\n---\n', 'content_type:', 'is UTF-8'],
    ['---\ncontent_type: "text/csv; header=no; Charset=latin1"\n---\n', 'content_type:', 'UTF-8'],
    ['---\ntitle: "a\\nb"\n---\n', 'title:', 'one line'],
    ['---\n- a\n---\n', '/w/p.ai:2:', 'expected object'],
    ['---\nttl: [1\n---\n', '/w/p.ai:', ''],
    ['---\nttl: 1\nttl: 2\n---\n', '/w/p.ai:3:1:', 'twice'],
  ] as const)('%j is refused with file, line and field', ([text, where, why]) => {
    const message = (() => {
      try {
        split(text);
      } catch (error) {
        expect(error).toMatchObject({ code: 'page-front-matter', status: 500 });
        return String(error);
      }
      throw new Error('it was accepted');
    })();
    expect(message).toContain(where);
    expect(message).toContain(why);
  });
});
