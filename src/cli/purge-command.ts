/** `muse purge`: pages that are kept by a running server are kept no more. */

import { existsSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Call, type Command, Complaint, DONE, FAILED, MISUSED } from './command.ts';
import { findPages, isPageName } from './find-pages.ts';
import { refusal, send, serverUrl, urlOption } from './server.ts';

const HANDLER = 'muse-ai-purge';
const PLACE = '/muse-purge';

export const purgeCommand: Command = {
  name: 'purge',
  summary: 'empties the cache of a running server: of pages, or of all',
  takes: '[PATH…]',
  least: 0,
  most: 10_000,
  completes: 'files',
  options: [
    { name: 'all', short: 'a', help: 'all pages' },
    urlOption(PLACE, `where the server has "SetHandler ${HANDLER}"`),
  ],
  details:
    'PATH is the path of a page’s URL (/garden/roses), its file, or a folder of such files. A page\n' +
    'is purged in all its variants: with each query, model and language, also where the path has\n' +
    'a language before it (/es/garden/roses). What is being written meanwhile is not kept. What\n' +
    'caches in front of the server have, they keep.',
  async run(call) {
    const { words, options, output } = call;
    const isAll = options.has('all');
    if (isAll === words.length > 0) {
      throw new Complaint('Name pages, or say --all. "muse purge --help" tells more.', MISUSED);
    }
    const pages = isAll ? [await purge(call, 'all pages', ['all'])] : await purgeEach(call);
    for (const { page, purged, error } of pages) {
      if (error !== undefined) output.error(error);
      else output.line(`${page}: ${isAll ? entries(purged) : variants(purged)}`);
    }
    output.json({ purged: pages.reduce((sum, { purged }) => sum + purged, 0), pages });
    return pages.every(({ error }) => error === undefined) ? DONE : FAILED;
  },
};

interface Purged {
  readonly page: string;
  readonly purged: number;
  readonly error?: string;
}

async function purgeEach(call: Call): Promise<Purged[]> {
  const results: Purged[] = [];
  for (const [page, queries] of call.words.flatMap(targetsOf)) {
    results.push(await purge(call, page, queries));
  }
  return results;
}

/** A page's name, and the queries that purge it. @throws {Complaint} */
function targetsOf(word: string): [string, string[]][] {
  const isFile = word !== '/' && existsSync(word);
  if (isFile && (isPageName(word) || statSync(word).isDirectory())) {
    return findPages(word).map((file) => [file, namesOf(file).map((name) => query('file', name))]);
  }
  const path = URL.canParse(word) ? new URL(word).pathname : word;
  if (path.startsWith('/')) return [[path, [query('path', path)]]];
  throw new Complaint(`${word}: there is no such page; the path of a URL begins with "/".`);
}

/** The names under which httpd may have a file: as it was given, and by way of no link. */
function namesOf(file: string): string[] {
  return [...new Set([resolve(file), realpathSync(file)])];
}

const query = (name: string, value: string): string => `${name}=${encodeURIComponent(value)}`;

async function purge(call: Call, page: string, queries: readonly string[]): Promise<Purged> {
  const { environment, options, signal } = call;
  let purged = 0;
  for (const each of queries) {
    const url = serverUrl(options, environment, PLACE);
    url.search = each;
    const response = await send(url, { method: 'POST', signal });
    if (!response.ok) return { page, purged, error: await refusal(url, response, HANDLER) };
    purged += countIn(await response.json().catch(() => undefined), url);
  }
  return { page, purged };
}

function countIn(answer: unknown, url: URL): number {
  if (typeof answer === 'object' && answer !== null && 'purged' in answer) {
    if (typeof answer.purged === 'number') return answer.purged;
  }
  throw new Complaint(`${url.origin}${url.pathname} is no "SetHandler ${HANDLER}".`);
}

function variants(count: number): string {
  if (count === 0) return 'nothing was kept';
  return count === 1 ? '1 variant purged' : `${count} variants purged`;
}

function entries(count: number): string {
  return `purged (${count} entries)`;
}
