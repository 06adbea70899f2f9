/** Pages and their templates, parsed, kept while all of their files stay as they are. */

import { dirname } from 'node:path';
import type { Clock } from '../clock.ts';
import { type FileMark, type Files, isSettled, sameMark } from '../files.ts';
import type { Page } from './front-matter.ts';
import { IncludeFiles } from './include-files.ts';
import type { Message } from './messages.ts';
import { readPage } from './page.ts';
import { type PageTemplate, parseTemplate } from './template.ts';

/** A page, ready to be rendered. */
export interface ParsedPage {
  readonly page: Page;
  readonly template: PageTemplate;
  /** What a visitor said in place of a page; the last of it is what the template renders to. */
  readonly conversation?: readonly Message[] | undefined;
}

/** Files, there or not, as they were. */
export type Marks = ReadonlyMap<string, FileMark | undefined>;

interface Kept extends ParsedPage {
  /** Of the page and of all that was looked at for what it includes. */
  readonly marks: Marks;
}

export interface PageStoreOptions {
  readonly files: Files;
  readonly clock: Clock;
  /** Told what a page is made of besides its own file, so that changes can be watched. */
  readonly onIncludes?: (marks: Marks) => void;
}

const PAGES_MAX = 1_000;

export class PageStore {
  readonly #options: PageStoreOptions;
  readonly #kept = new Map<string, Kept>();

  constructor(options: PageStoreOptions) {
    this.#options = options;
  }

  /**
   * The page as it is now; what it includes is in its own folder or in `promptsDir`. `seen`: its
   * file as it was a moment ago, for whom that is enough.
   *
   * @throws {MuseError} as `readPage` and `parseTemplate` do.
   */
  async read(file: string, promptsDir?: string, seen?: FileMark): Promise<ParsedPage> {
    const { files, clock, onIncludes } = this.#options;
    const name = JSON.stringify([file, promptsDir]);
    const kept = this.#kept.get(name);
    if (kept !== undefined && (await this.#isAsBefore(kept.marks, file, seen))) return kept;
    this.#kept.delete(name);
    const now = clock.now();
    const mark = await this.#mark(file);
    const page = await readPage(file, files);
    const folders = [dirname(file), ...(promptsDir === undefined ? [] : [promptsDir])];
    const includes = new IncludeFiles(folders);
    try {
      const parsed = { page, template: parseTemplate(page, includes) };
      const marks = new Map([...includes.seen, [file, mark] as const]);
      if (mark !== undefined && areSettled(marks, now)) this.#keep(name, { ...parsed, marks });
      return parsed;
    } finally {
      if (includes.seen.size > 0) onIncludes?.(includes.seen);
    }
  }

  async #isAsBefore(marks: Marks, file: string, seen: FileMark | undefined): Promise<boolean> {
    for (const [path, before] of marks) {
      const now = path === file && seen !== undefined ? seen : await this.#mark(path);
      if (!sameMark(before, now)) return false;
    }
    return true;
  }

  #mark(path: string): Promise<FileMark | undefined> {
    return this.#options.files.mark(path).catch(() => undefined);
  }

  #keep(name: string, page: Kept): void {
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= PAGES_MAX && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(name, page);
  }
}

function areSettled(marks: Marks, now: number): boolean {
  return [...marks.values()].every((mark) => mark === undefined || isSettled(mark, now));
}
