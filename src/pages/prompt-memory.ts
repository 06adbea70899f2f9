/**
 * What prompts and included files looked like when pages were last made from them, kept in the
 * region: so that an engine that starts anew knows whether page keys from before still hold. Without
 * it, every page would have to come from the engine once more after each restart, just when it is
 * needed least.
 */

import { createHash } from 'node:crypto';
import type { RegionPages } from '../caching/region-store.ts';
import type { Files } from '../files.ts';
import { type FileStates, fileStates } from './watch-files.ts';

/** A key like any other, which no page can have by chance. */
const KEY = createHash('sha1').update('mod_muse_ai: state of the prompts').digest();
const TEN_YEARS_MS = 10 * 365 * 86_400_000;

/** What of the region is needed. */
type Pages = Pick<RegionPages, 'get' | 'put' | 'remove' | 'nowMs'>;

export class PromptMemory {
  readonly #region: Pages;
  readonly #files: Files;

  constructor(region: Pages, files: Files) {
    this.#region = region;
    this.#files = files;
  }

  /** Whether all files are as they were remembered. False when nothing is remembered. */
  async holds(): Promise<boolean> {
    const states = this.read();
    if (states === undefined) return false;
    const now = await fileStates(states.keys(), this.#files);
    return [...states].every(([path, state]) => now.get(path) === state);
  }

  /** Begins with no file: from here on, what is remembered is what was seen. */
  clear(): void {
    this.#write(new Map());
  }

  /**
   * Remembers these files, beside those that it does already. Where it was purged, or gave way to
   * pages, it stays away: with these files alone, others that changed would not be missed.
   */
  note(states: FileStates): void {
    const known = this.read();
    if (known === undefined) return;
    if ([...states].every(([path, state]) => known.get(path) === state)) return;
    this.#write(new Map([...known, ...states]));
  }

  /** What is remembered, if anything is. */
  read(): FileStates | undefined {
    const entry = this.#region.get(KEY);
    if (entry === undefined) return undefined;
    try {
      return new Map(JSON.parse(entry.body.toString()) as [string, string][]);
    } catch {
      // Another version's, or torn: as good as nothing.
      return undefined;
    }
  }

  #write(states: ReadonlyMap<string, string>): void {
    const now = this.#region.nowMs();
    try {
      this.#region.put(KEY, {
        storedAt: now,
        freshUntil: now + TEN_YEARS_MS,
        staleUntil: now + TEN_YEARS_MS,
        alias: false,
        head: Buffer.alloc(0),
        body: Buffer.from(JSON.stringify([...states])),
      });
    } catch {
      // What could not be remembered is not to be trusted later: then nothing is.
      this.#region.remove(KEY);
    }
  }
}
