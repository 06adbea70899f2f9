/**
 * What was purged: answers from before that are not to be served, wherever they come from.
 *
 * httpd's children purge (native/region/muse_purge.h says how), and take away what they find. Who
 * stores an answer looks here after storing it: so nothing stays that a purge could not find yet.
 */

import { hash } from 'node:crypto';
import type { RegionPages } from './region-store.ts';

/** What of the region is needed. */
export type PurgedRegion = Pick<RegionPages, 'epoch' | 'get' | 'nowMs'>;

/** When an answer was begun. */
export interface Moment {
  /** Milliseconds of the region's clock. */
  readonly at: number;
  /** The prompt epoch, which goes up when all pages are purged. */
  readonly epoch: number;
}

const TAGS_MAX = 1_000;
const tags = new Map<string, Buffer>();

/** A page's name in the region: SHA-1 over its file's, as apache-module/muse_purger.c makes it. */
export function tagOf(file: string): Buffer {
  const known = tags.get(file);
  if (known !== undefined) return known;
  const tag = hash('sha1', `mod_muse_ai: page ${file}`, 'buffer');
  if (tags.size >= TAGS_MAX) tags.clear();
  tags.set(file, tag);
  return tag;
}

export class Purges {
  readonly #region: PurgedRegion;

  constructor(region: PurgedRegion) {
    this.#region = region;
  }

  now(): Moment {
    return { at: this.#region.nowMs(), epoch: this.#region.epoch };
  }

  /** Whether what was begun for the page `file` at `moment` is not wanted any more. */
  have(file: string, { at, epoch }: Moment): boolean {
    return epoch !== this.#region.epoch || this.haveWritten(file, at);
  }

  /** Whether what the store has for the page `file`, written at `at`, was purged by its name. */
  haveWritten(file: string, at: number): boolean {
    const mark = this.#region.get(tagOf(file));
    return mark !== undefined && at <= mark.storedAt;
  }
}
