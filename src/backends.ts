/**
 * The backends by their names. httpd and this engine need not be of one configuration: around a
 * graceful restart, requests also come from children of the one before or after. What is not known
 * by its name here is for another engine to answer.
 */

import type { Backend } from './backend.ts';
import type { PageRequest } from './exchange.ts';

const NAME = 'MUSE_BACKEND';
const PAGE_KEY = 'MUSE_PAGE_KEY';

export class Backends {
  readonly #main: Backend | undefined;
  readonly #known: ReadonlyMap<string | undefined, Backend>;
  readonly #former: Set<string | undefined>;

  /** `backends` begins with the main server's; `former` were in force until lately. */
  constructor(backends: readonly Backend[], former: readonly Backend[] = []) {
    this.#main = backends[0];
    this.#known = new Map([...former, ...backends].map((each) => [each.name, each]));
    this.#former = new Set(former.map(({ name }) => name));
    for (const { name } of backends) this.#former.delete(name);
  }

  /** The backend of that name; the main server's where none is named. */
  find(name: string | undefined): Backend | undefined {
    return name === undefined ? this.#main : this.#known.get(name);
  }

  /** Whether a request with these parameters can be answered here. */
  knows(params: PageRequest['params']): boolean {
    return this.find(params.get(NAME)) !== undefined;
  }

  /**
   * The request as it is to be answered. One from before a restart is still sent to where it was
   * meant for; but its page key stands for models of then, and nothing written now goes under it.
   */
  admit(request: PageRequest): PageRequest {
    if (!this.#former.has(request.params.get(NAME))) return request;
    const params = new Map(request.params);
    params.delete(PAGE_KEY);
    return { params, body: request.body, signal: request.signal };
  }
}
