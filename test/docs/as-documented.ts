import type { Httpd } from '../harness/index.ts';
import { Document } from './document.ts';

const howto = new Document('HOWTO.md');

/** The snippet number `index` of that language below a heading of the HOWTO. */
export function snippet(title: string, language: string, index = 0): string {
  const found = howto.fencesIn(howto.section(title)).filter((each) => each.language === language);
  const text = found[index]?.text;
  if (text === undefined) throw new Error(`HOWTO.md, "${title}": no ${language} number ${index}`);
  return text;
}

/** A snippet with the paths of a Debian machine replaced by those of a test's httpd. */
export function moved(httpd: Httpd, text: string): string {
  return text
    .replaceAll('/etc/apache2/muse_ai', httpd.conf.root)
    .replaceAll('/var/www/html', httpd.site.root);
}

/** Gives a snippet of configuration to the test's httpd; the modules it loads come first. */
export function configure(httpd: Httpd, text: string, context?: 'directory'): void {
  const lines: string[] = [];
  for (const line of moved(httpd, text).trimEnd().split('\n')) {
    const module = /^LoadModule (\w+)_module /.exec(line)?.[1];
    if (module === undefined) lines.push(line);
    else if (module !== 'muse_ai') httpd.config.modules(module);
  }
  httpd.config.muse();
  if (context === 'directory') httpd.config.section('Directory', httpd.site.root, ...lines);
  else httpd.config.lines(...lines);
}

/** Models by these names that need no provider and show their own name on the page. */
export function previews(...names: readonly string[]): unknown {
  return { models: names.map((name) => ({ name, provider: 'preview' })) };
}

/** Who wrote a page of the preview. */
export const writer = (html: string): string | undefined => /The model “(.+?)”/.exec(html)?.[1];

/** Enables pages everywhere, with previews by these names, the first the default. */
export function withPreviews(httpd: Httpd, ...names: readonly string[]): void {
  httpd.config.muse({ models: previews(...names), lines: ['MuseAiEnable On'] });
}
