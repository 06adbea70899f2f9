/** `muse warm`: asks a running server for pages, so that visitors find them in the cache. */

import { relative, sep } from 'node:path';
import { type Call, type Command, Complaint, DONE, FAILED } from './command.ts';
import { findPages, isFolder, isPageName } from './find-pages.ts';
import { inParallel } from './in-parallel.ts';
import { languageOption, readTag } from './language-option.ts';
import type { Output } from './output.ts';
import { serverUrl, urlOption, withoutPassword } from './server.ts';
import { type Warmed, warmOne } from './warm-one.ts';

const AT_ONCE = 4;

export const warmCommand: Command = {
  name: 'warm',
  summary: 'fills the cache of a running server with pages',
  takes: 'FOLDER|URL…',
  least: 1,
  most: 10_000,
  completes: 'files',
  options: [
    urlOption('/', 'the URL of FOLDER'),
    { name: 'concurrency', short: 'c', value: 'NUMBER', help: `pages at a time (${AT_ONCE})` },
    {
      name: 'header',
      short: 'H',
      value: 'NAME=VALUE',
      multiple: true,
      help: 'a header to send, such as X-Muse-Model=quick',
    },
    { ...languageOption('one of the languages in which to ask for each page'), multiple: true },
  ],
  details:
    'FOLDER stands for all pages in it, at URLs without ".ai"; URL for one page, with its query. They\n' +
    'are asked for as a visitor would, and written by their models where the cache has none. A server\n' +
    'that limits its clients is waited for. Ctrl-C ends what is being written.',
  async run(call) {
    const { options, output, signal } = call;
    const width = options.number('concurrency', AT_ONCE, 1, 64);
    const headers = new Headers(options.pairs('header'));
    const pages = call.words.flatMap((word) => urlsOf(word, call));
    const urls = [...new Set(inLanguages(pages, options.all('lang')))];
    let done = 0;
    const results = await inParallel(urls, width, signal, async (url) => {
      const result = await warmOne(new URL(url), headers, signal);
      done += 1;
      tell(result, output);
      output.progress(`${done} of ${urls.length}`);
      return result;
    });
    signal.throwIfAborted();
    const counts = countsOf(results);
    output.json({ ...counts, pages: results });
    output.line(summary(counts));
    return counts.failed === 0 ? DONE : FAILED;
  },
};

/** The URLs that a word stands for. @throws {Complaint} */
function urlsOf(word: string, { options, environment }: Call): string[] {
  const url = URL.parse(word);
  if (url !== null && /^https?:$/.test(url.protocol)) return [url.href];
  if (!isFolder(word)) {
    throw new Complaint(`${word} is a file; name its URL, or the folder with --url for its URL.`);
  }
  const base = serverUrl(options, environment, '/');
  const folder = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`;
  return findPages(word).map((file) => {
    const page = new URL(base);
    page.pathname = `${folder}${pathOf(relative(word, file))}`;
    return page.href;
  });
}

/** Each page with each language before its path, which is the page for those who get it. */
function inLanguages(pages: readonly string[], tags: readonly string[]): readonly string[] {
  if (tags.length === 0) return pages;
  return pages.flatMap((page) =>
    tags.map((tag) => {
      const url = new URL(page);
      url.pathname = `/${readTag(tag)}${url.pathname}`;
      return url.href;
    }),
  );
}

/** `garden/roses` for `garden/roses.ai`, and `garden/` for `garden/index.ai`. */
function pathOf(file: string): string {
  const names = file.split(sep).map(encodeURIComponent);
  const last = names.pop() ?? '';
  const page = isPageName(last) ? last.slice(0, -'.ai'.length) : last;
  return [...names, page === 'index' ? '' : page].join('/');
}

function tell({ url, outcome, ms, error }: Warmed, output: Output): void {
  const place = withoutPassword(new URL(url));
  if (outcome === 'failed') output.error(`${place}: ${error}`);
  else output.line(`${place}: ${outcome === 'written' ? `written in ${ms} ms` : WORDS[outcome]}`);
}

const WORDS = { present: 'was there', 'not kept': 'written, but not kept' } as const;

type Counts = Readonly<Record<'written' | 'present' | 'notKept' | 'failed', number>>;

function countsOf(results: readonly Warmed[]): Counts {
  const count = (wanted: Warmed['outcome']): number =>
    results.filter(({ outcome }) => outcome === wanted).length;
  return {
    written: count('written'),
    present: count('present'),
    notKept: count('not kept'),
    failed: count('failed'),
  };
}

function summary({ written, present, notKept, failed }: Counts): string {
  return `${written} written, ${present} were there, ${notKept} not kept, ${failed} failed`;
}
