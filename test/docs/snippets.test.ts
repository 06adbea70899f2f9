import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { describe, expect } from 'vitest';
import { parseLocated } from '../../src/located.ts';
import { modelsFileSchema } from '../../src/models/schema.ts';
import { splitFrontMatter } from '../../src/pages/front-matter.ts';
import { IncludeFiles } from '../../src/pages/include-files.ts';
import { parseTemplate } from '../../src/pages/template.ts';
import { test } from '../harness/index.ts';
import { checkConfig } from './check-config.ts';
import { checkout, Document, type Fence } from './document.ts';

const fences = ['README.md', 'HOWTO.md'].flatMap((name) => new Document(name).fences);

function snippets(language: string): { readonly where: string; readonly fence: Fence }[] {
  return fences
    .filter((fence) => fence.language === language)
    .map((fence) => ({ where: `${fence.document}:${fence.line}`, fence }));
}

test('every snippet is of a kind that these tests run or parse', () => {
  const kinds = new Set(['apache', 'json', 'ai', 'sh', 'js', 'text']);
  const others = fences.filter(({ language }) => !kinds.has(language));
  expect(others.map(({ document, line, language }) => [document, line, language])).toEqual([]);
  for (const language of ['apache', 'json', 'ai', 'sh', 'js']) {
    expect(snippets(language)).not.toHaveLength(0);
  }
});

describe('a snippet of configuration is taken by httpd', () => {
  test.for(snippets('apache'))('$where', ({ fence }, { httpd }) => {
    // httpd says it if the keys that it is to know are not there.
    const keys = httpd.conf.write('keys', '');
    const text = fence.text
      .replaceAll('/etc/apache2/muse_ai/keys', keys)
      .replaceAll('/var/log/apache2', httpd.environment.path('logs'));
    const lines = text.trimEnd().split('\n');
    const [context] = fence.words;
    expect(['server', 'directory']).toContain(context);
    const inContext =
      context === 'directory' ? ['<Directory "/var/www/html">', ...lines, '</Directory>'] : lines;
    const { ok, said } = checkConfig(httpd, inContext);
    expect(ok, said).toBe(true);
    expect(said).not.toMatch(/MUSE\d{4}/);
  });
});

describe('a snippet of JSON is a valid models.json', () => {
  test.each(snippets('json'))('$where', ({ fence }) => {
    expect(() => parseLocated(fence.text, modelsFileSchema, { format: 'json' })).not.toThrow();
  });
});

describe('a page renders to a prompt', () => {
  /** Where what it includes is. */
  const shared = join(checkout, 'demo', 'prompts');

  test.each(snippets('ai'))('$where', ({ fence }) => {
    const page = splitFrontMatter(fence.document, fence.text);
    for (const query of [[], [['tree', 'oak']]] as const) {
      const prompt = parseTemplate(page, new IncludeFiles([shared])).render({
        query,
        form: [],
        path: '/page',
        lang: '',
        model: 'writer',
        env: new Map([['GARDEN_NAME', 'Kew']]),
      });
      expect(prompt).not.toMatch(/\{[{%]/);
      expect(page.template.includes('query.') || prompt.trim() !== '').toBe(true);
    }
  });
});

describe('a script is JavaScript', () => {
  test.each(snippets('js'))('$where', ({ fence }) => {
    expect(() => new Script(fence.text)).not.toThrow();
  });
});

describe('a shell snippet names what is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };

  test.each(snippets('sh'))('$where', ({ fence }) => {
    const shell = spawnSync('bash', ['-n'], { input: fence.text, encoding: 'utf8' });
    expect(shell.stderr).toBe('');
    for (const [, run, short] of fence.text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)) {
      expect(Object.keys(scripts)).toContain(run ?? short);
    }
    for (const [path] of fence.text.matchAll(/(?<![\w/])(?:scripts|bench|test|demo)\/[\w./-]+/g)) {
      expect([path, existsSync(join(checkout, path))]).toEqual([path, true]);
    }
  });
});
