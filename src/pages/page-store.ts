/** Pages and their templates, parsed, kept while their files stay as they are. */

import type { Clock } from '../clock.ts';
import { type FileMark, type Files, sameMark } from './files.ts';
import { type Page, readPage } from './page.ts';
import { type PageTemplate, parseTemplate } from './template.ts';

/** A page, ready to be rendered. */
export interface ParsedPage {
  readonly page: Page;
  readonly template: PageTemplate;
}

interface Kept extends ParsedPage {
  readonly mark: FileMark;
}

const PAGES_MAX = 1_000;
/**
 * A file system's clock may tick only now and then: of a file that was changed just before it was
 * read, a second change can look like the first.
 */
const SETTLED_MS = 2_000;

export class PageStore {
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(files: Files, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
  }

  /**
   * The page as it is now.
   *
   * @throws {MuseError} as `readPage` and `parseTemplate` do.
   */
  async read(file: string): Promise<ParsedPage> {
    const kept = this.#kept.get(file);
    const mark = await this.#files.mark(file).catch(() => undefined);
    if (kept !== undefined && sameMark(kept.mark, mark)) return kept;
    this.#kept.delete(file);
    const now = this.#clock.now();
    const page = await readPage(file, this.#files);
    const parsed = { page, template: parseTemplate(page) };
    if (mark !== undefined && now - mark.changedMs > SETTLED_MS) this.#keep(file, mark, parsed);
    return parsed;
  }

  #keep(file: string, mark: FileMark, parsed: ParsedPage): void {
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= PAGES_MAX && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(file, { ...parsed, mark });
  }
}
