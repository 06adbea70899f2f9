/**
 * The scripts of one page, for the Content-Security-Policy that lets these run and no others.
 *
 * While the page is written, nobody knows yet what they will be, so they carry a nonce, made anew
 * for each writing. Who gets the page later, from the cache, gets their hashes instead: a nonce
 * that stands in a kept page is known to whoever has seen it.
 */

import { createHash, type Hash, randomBytes } from 'node:crypto';
import type { Header } from '../exchange.ts';

/** The header in which httpd gets the sources; it makes the policy of them. */
export const SCRIPTS_HEADER = 'Muse-Scripts';

/** What is said of a page that is kept. */
export function keptHeaders(scripts: PageScripts | undefined): Header[] {
  const sources = scripts?.onceWritten;
  return sources === undefined ? [] : [[SCRIPTS_HEADER, sources]];
}

/** Their hashes have to fit into a header. */
const SCRIPTS_MAX = 32;
const NONCE_BYTES = 16;

export class PageScripts {
  readonly nonce = randomBytes(NONCE_BYTES).toString('base64');
  readonly #sources: string[] = [];
  #hash: Hash | undefined;

  /** A script begins; false: the page has as many as it may have. */
  begin(): boolean {
    if (this.#sources.length >= SCRIPTS_MAX) return false;
    this.#hash = createHash('sha256');
    return true;
  }

  add(text: string): void {
    this.#hash?.update(text);
  }

  end(): void {
    if (this.#hash === undefined) return;
    this.#sources.push(`'sha256-${this.#hash.digest('base64')}'`);
    this.#hash = undefined;
  }

  /** What may run in a page that is being written. */
  get whileWritten(): string {
    return `'nonce-${this.nonce}'`;
  }

  /** What may run in the whole page; undefined: it has no script. */
  get onceWritten(): string | undefined {
    const sources = [...new Set(this.#sources)];
    return sources.length === 0 ? undefined : sources.join(' ');
  }
}
