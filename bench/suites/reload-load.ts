import { Agent } from 'node:http';
import type { Httpd } from '../../test/harness/httpd.ts';

const cachedClients = 4;
const coldClients = 2;
/** Texts of failures to keep; the count is kept of all. */
const problemsMax = 20;

/** Clients that ask for pages without a break, and count what is wrong with the answers. */
export class ReloadLoad {
  failed = 0;
  torn = 0;
  stale = 0;
  cached = 0;
  cold = 0;
  /** Answers to the cached clients that said that they came from the cache. */
  found = 0;
  /** Which of the pages the last cold answer was. */
  lastCold: number | undefined;
  readonly problems: string[] = [];
  readonly #httpd: Httpd;
  readonly #pages: readonly string[];
  readonly #agent = new Agent({ keepAlive: true });
  readonly #watchers = new Set<() => void>();
  #clients: Promise<void>[] = [];
  #stopped = false;
  #asked = 0;
  #expected: number | undefined;

  constructor(httpd: Httpd, pages: readonly string[]) {
    this.#httpd = httpd;
    this.#pages = pages;
  }

  get total(): number {
    return this.cached + this.cold;
  }

  start(): void {
    for (let i = 0; i < cachedClients; i += 1) this.#clients.push(this.#askCached());
    for (let i = 0; i < coldClients; i += 1) this.#clients.push(this.#askCold());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
  }

  /** From now on a request must be answered with that page; undefined: with any. */
  expect(page: number | undefined): void {
    this.#expected = page;
  }

  /** Waits until both kinds of client sent a request after now and had its answer. */
  async progress(): Promise<void> {
    // The first answers may belong to requests that were sent before.
    const cached = this.cached + cachedClients + 1;
    const cold = this.cold + coldClients + 1;
    while (!this.#stopped && (this.cached < cached || this.cold < cold)) {
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  async #askCached(): Promise<void> {
    while (!this.#stopped) {
      const { fromCache } = await this.#ask('/page.ai');
      this.cached += 1;
      if (fromCache) this.found += 1;
      this.#tell();
    }
  }

  async #askCold(): Promise<void> {
    while (!this.#stopped) {
      const { page } = await this.#ask(`/page.ai?n=${this.#next()}`);
      this.cold += 1;
      if (page !== undefined) this.lastCold = page;
      this.#tell();
    }
  }

  #next(): number {
    this.#asked += 1;
    return this.#asked;
  }

  /** Asks once and counts what is wrong; tells which page came. */
  async #ask(path: string): Promise<{ page?: number; fromCache: boolean }> {
    const expected = this.#expected;
    const answer = await this.#httpd
      .get(path, { agent: this.#agent })
      .catch((error: unknown) => String(error));
    if (typeof answer === 'string' || answer.status !== 200 || !answer.complete) {
      this.failed += 1;
      const told = typeof answer === 'string' ? answer : `${answer.status} ${answer.statusText}`;
      this.#note(`${path}: ${told}`);
      return { fromCache: false };
    }
    const fromCache = answer.headers['cache-status']?.includes('; hit') === true;
    const page = this.#pages.indexOf(answer.text);
    if (page < 0) {
      this.torn += 1;
      this.#note(`${path}: none of the pages: ${answer.text.slice(0, 300)}`);
      return { fromCache };
    }
    // Only while nothing newer was expected or written: that would be right too.
    if (expected !== undefined && this.#expected === expected && page !== expected) {
      this.stale += 1;
      this.#note(`${path}: page ${page} where ${expected} was in force`);
    }
    return { page, fromCache };
  }

  #note(problem: string): void {
    if (this.problems.length < problemsMax) this.problems.push(problem);
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }
}
