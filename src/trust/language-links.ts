/**
 * Links of a page that has its language before its path: where they stay on the site, they lead to
 * the same language, `/about` to `/es/about`.
 */

import type { Language } from '../site-languages.ts';

export interface PagePlace {
  /** Where the page is, without the language: decoded. */
  readonly path: string;
  readonly language: Language;
}

/** What stands for the page's own host while a link is resolved. */
const HOST = 'http://site.invalid';
/** What browsers pass over in a URL, and around it. */
const IGNORED = /^[\u0000-\u0020]+|[\u0000-\u0020]+$|[\t\n\r]/g;
/** With a scheme, or another host. */
const ELSEWHERE = /^(?:[a-z][a-z0-9+.-]*:|[/\\]{2})/i;
/** A file that is no page: it is the same in each language. */
const OTHER_FILE = /\.(?!(?:ai|html?|xhtml|php)$)[a-z][a-z0-9]{1,7}$/i;

export class LanguageLinks {
  readonly #base: string;
  readonly #prefix: string;
  readonly #first: ReadonlySet<string>;

  constructor({ path, language: { tag, among } }: PagePlace) {
    this.#base = HOST + path.split('/').map(encodeURIComponent).join('/');
    this.#prefix = `/${tag}`;
    this.#first = new Set(
      among.map((each) => each.toLowerCase()).flatMap((each) => [each, each.split('-')[0] ?? each]),
    );
  }

  /** Where a link `url` of the page is to lead. */
  lead(url: string): string {
    const text = url.replace(IGNORED, '');
    if (text === '' || text.startsWith('#') || ELSEWHERE.test(text)) return url;
    const target = URL.parse(text, this.#base);
    if (target === null || target.origin !== HOST) return url;
    const { pathname, search, hash } = target;
    const first = pathname.split('/', 2)[1]?.toLowerCase() ?? '';
    if (this.#first.has(first) || OTHER_FILE.test(pathname)) return url;
    return this.#prefix + pathname + search + hash;
  }
}
