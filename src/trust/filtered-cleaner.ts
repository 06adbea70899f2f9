/** A cleaner whose output is not trusted: it goes through the filter before anybody gets it. */

import type { Cleaner, CleaningOutcome, NoticeKind } from '../cleaning/cleaning.ts';
import { HtmlFilter, type HtmlFilterOptions } from './html-filter.ts';

export class FilteredCleaner implements Cleaner {
  readonly #cleaner: Cleaner;
  readonly #options: HtmlFilterOptions;
  #filter: HtmlFilter;

  constructor(cleaner: Cleaner, options: HtmlFilterOptions) {
    this.#cleaner = cleaner;
    this.#options = options;
    this.#filter = new HtmlFilter(options);
  }

  get outcome(): CleaningOutcome {
    return this.#cleaner.outcome;
  }

  get held(): number {
    return this.#cleaner.held + this.#filter.held;
  }

  push(text: string): string {
    return this.#filter.push(this.#cleaner.push(text));
  }

  pushReasoning(text: string): void {
    this.#cleaner.pushReasoning(text);
  }

  end(): string {
    return this.#last(this.#cleaner.end());
  }

  notice(kind: NoticeKind): string {
    return this.#last(this.#cleaner.notice(kind));
  }

  /** A page that had ended may be found too long after all, and get a notice then. */
  #last(text: string): string {
    const out = this.#filter.push(text) + this.#filter.end();
    this.#filter = new HtmlFilter(this.#options);
    return out;
  }
}
