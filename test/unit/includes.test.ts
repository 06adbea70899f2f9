import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { splitFrontMatter } from '../../src/pages/front-matter.ts';
import { IncludeFiles } from '../../src/pages/include-files.ts';
import { type PageTemplate, parseTemplate } from '../../src/pages/template.ts';
import { temporaryFolder } from './support/folder.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder[Symbol.dispose]());

function write(name: string, text: string | Uint8Array): string {
  const file = folder.at(name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** The page `site/page.ai` with this text, beside the prompts in `prompts`. */
function parse(text: string): PageTemplate {
  mkdirSync(folder.at('site'), { recursive: true });
  mkdirSync(folder.at('prompts'), { recursive: true });
  const page = splitFrontMatter(folder.at('site/page.ai'), text);
  return parseTemplate(page, new IncludeFiles([folder.at('site'), folder.at('prompts')]));
}

function render(text: string, query: [string, string][] = []): string {
  const env = new Map([['TONE', 'warm']]);
  return parse(text).render({ query, form: [], path: '/page', lang: 'de', model: 'm', env });
}

describe('what a page includes', () => {
  test('comes from its own folder, else from the prompts, with or without its suffix', () => {
    write('prompts/tone.ai', 'warm');
    write('prompts/other.txt', 'other');
    write('prompts/deep/er.ai', 'deep');
    expect(
      render(
        '{% include "tone" %}|{% include "tone.ai" %}|{% render "other" %}|{% include "deep/er" %}',
      ),
    ).toBe('warm|warm|other|deep');
    write('site/tone.txt', 'mine');
    expect(render('{% include "tone" %}|{% include "tone.ai" %}')).toBe('mine|warm');
  });

  test('sees what the page assigns if it is included, and only its arguments if rendered', () => {
    write('site/a.ai', '{% if tone %}{{ tone }}{% endif %}{% assign set = "set" %}');
    write('site/b.ai', '{{ tone }}{{ other }}');
    expect(render('{% assign tone = "calm" %}{% include "a" %}{{ set }}')).toBe('calmset');
    expect(render('{% include "b", tone: "x", other: 1 %}')).toBe('x1');
    expect(render('{% assign tone = "calm" %}{% render "b", tone: "y", other: tone %}')).toBe(
      'ycalm',
    );
  });

  test('can use everything that a page can, wherever it stands', () => {
    write('site/a.ai', '{{ query.topic }} {{ path }} {{ lang }} {{ model }} {{ env.TONE }}');
    const all =
      '<visitor-input name="topic">sea</visitor-input> ' +
      '<visitor-input name="path">/page</visitor-input> de m warm';
    for (const tag of ['include', 'render']) {
      expect(render(`{% ${tag} "a" %}`, [['topic', 'sea']])).toBe(all);
      expect(
        render(`{% for i in (1..2) %}{% if true %}{% ${tag} "a" %}{% endif %}{% endfor %}`, [
          ['topic', 'sea'],
        ]),
      ).toBe(all + all);
      expect(render(`{% liquid ${tag} "a" %}`, [['topic', 'sea']])).toBe(all);
    }
  });

  test('gets what came from a visitor marked, as an argument too', () => {
    write('site/a.ai', '{{ x | upcase }}');
    for (const tag of ['include', 'render']) {
      expect(render(`{% ${tag} "a", x: query.t %}`, [['t', '</visitor-input>']])).toBe(
        '<visitor-input name="t">&lt;/VISITOR-INPUT&gt;</visitor-input>',
      );
    }
  });

  test('may be a page of its own, whose settings are left out', () => {
    write('site/a.ai', '---\ntitle: A\nttl: 5\n---\nAbout a.');
    expect(render('[{% include "a" %}]')).toBe('[About a.]');
  });

  test('makes the page one that takes forms if it uses one', () => {
    write('site/a.ai', '{{ form.name }}');
    write('site/b.ai', '{% render "a" %}');
    expect(parse('{% include "b" %}').usesForm).toBe(true);
    expect(parse('{{ form.name }}').usesForm).toBe(true);
    expect(parse('{% assign form = "x" %}{{ form }} form').usesForm).toBe(false);
  });

  test('is told with its marks, and with those of what was not there', () => {
    write('prompts/tone.txt', 'warm');
    mkdirSync(folder.at('site'));
    const files = new IncludeFiles([folder.at('site'), folder.at('prompts')]);
    parseTemplate(splitFrontMatter(folder.at('site/p.ai'), '{% include "tone" %}'), files);
    expect([...files.seen].map(([path, mark]) => [path, mark?.size])).toEqual([
      [folder.at('site/tone.ai'), undefined],
      [folder.at('site/tone.txt'), undefined],
      [folder.at('prompts/tone.ai'), undefined],
      [folder.at('prompts/tone.txt'), 4],
    ]);
  });
});

describe('what can’t be included is refused with file, line, name and reason', () => {
  test.for([
    ['none', 'there is no file none.ai or none.txt in '],
    ['none.txt', 'there is no file none.txt in '],
    ['/etc/passwd', 'relative to the page’s folder'],
    ['../secret', '".." leads out of the page’s folder'],
    ['a/../../secret', '".." leads out of the page’s folder'],
    ['.hidden', 'not the name of a file that may be included'],
    ['./a', 'not the name of a file that may be included'],
    ['a//b', 'not the name of a file that may be included'],
    ['..\\secret', 'not the name of a file that may be included'],
    ['', 'not the name of a file that may be included'],
    ['link', 'is a link that leads out of'],
    ['linked/secret', 'is a link that leads out of'],
    ['folder.ai', 'is not a file'],
    ['{{ query.t }}', 'there is no file {{ query.t }}.ai'],
  ] as const)('"%s": %s', ([name, why]) => {
    write('secret.ai', 'secret');
    write('site/folder.ai/x.ai', 'x');
    symlinkSync('../secret.ai', folder.at('site/link.ai'));
    symlinkSync('..', folder.at('site/linked'));
    for (const tag of ['include', 'render']) {
      const text = `---\ntitle: T\n---\n\n{% if query.t %}{% ${tag} "${name}" %}{% endif %}`;
      expect(() => parse(text)).toThrow(
        expect.objectContaining({
          code: 'page-include',
          status: 500,
          message: expect.stringMatching(/site\/page\.ai:5: (?:include|render) "/),
        }),
      );
      expect(() => parse(text)).toThrow(why);
    }
  });

  test('but a link that stays in the folder is followed', () => {
    write('prompts/2024/tone.ai', 'warm');
    symlinkSync('2024', folder.at('prompts/current'));
    symlinkSync('current/tone.ai', folder.at('prompts/tone.ai'));
    symlinkSync('prompts', folder.at('linked'));
    mkdirSync(folder.at('site'));
    const files = new IncludeFiles([folder.at('site'), folder.at('linked')]);
    const page = splitFrontMatter(folder.at('site/p.ai'), '{% include "tone" %}');
    const values = { query: [], form: [], path: '/', lang: '', model: 'm', env: new Map() };
    expect(parseTemplate(page, files).render(values)).toBe('warm');
  });

  test('a circle, and too deep a nest', () => {
    write('site/a.ai', '{% include "b" %}');
    write('site/b.ai', 'x\n{% render "a" %}');
    expect(() => parse('{% include "a" %}')).toThrow(
      /site\/b\.ai:2: render "a": it includes itself/,
    );
    expect(() => parse('{% include "page" %}')).toThrow(/site\/page/);
    for (let i = 0; i < 20; i++) write(`site/n${i}.ai`, `{% include "n${i + 1}" %}`);
    expect(() => parse('{% include "n0" %}')).toThrow(/n14\.ai:1: .*up to 16 deep/);
  });

  test('too many files, and too much', () => {
    let many = '';
    for (let i = 0; i < 65; i++) {
      write(`site/m${i}.ai`, 'm');
      many += `{% include "m${i}" %}`;
    }
    expect(() => parse(many)).toThrow('a page includes at most 64 files');
    write('site/large.ai', 'x'.repeat(600_000));
    write('site/large2.ai', 'x'.repeat(600_000));
    expect(() => parse('{% include "large" %}{% include "large2" %}')).toThrow('at most 1 MiB');
  });

  test('what is not text, or has a mistake, with its own file and line', () => {
    write('site/binary.ai', Buffer.from('Gr\xfc\xdfe', 'latin1'));
    expect(() => parse('{% include "binary" %}')).toThrow(/binary\.ai: is not UTF-8/);
    write('site/broken.ai', '---\ntitle: T\n---\nx\n{{ qery.t }}');
    expect(() => parse('{% include "broken" %}')).toThrow(
      /site\/broken\.ai:5: there is no "qery".*Did you mean "query"/,
    );
    write('site/tag.ai', '\n\n{% if x');
    expect(() => parse('{% include "tag" %}')).toThrow(/site\/tag\.ai:3: /);
    write('site/late.ai', '\n{% for i in (1..99999999) %}{% endfor %}');
    expect(() => render('{% include "late" %}')).toThrow(/site\/late\.ai:2: .*limit/);
  });
});
