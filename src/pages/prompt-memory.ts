/**
 * What the prompts looked like when pages were last made from them, kept in the region: so that an
 * engine that starts anew knows whether page keys from before still hold. Without it, every page
 * would have to come from the engine once more after each restart, just when it is needed least.
 */

import { createHash } from 'node:crypto';
import type { RegionPages } from '../caching/region-store.ts';
import type { Files } from './files.ts';
import { promptsState } from './watch-prompts.ts';

/** A key like any other, which no page can have by chance. */
const KEY = createHash('sha1').update('mod_muse_ai: state of the prompts').digest();
const TEN_YEARS_MS = 10 * 365 * 86_400_000;

/** What of the region is needed. */
type Pages = Pick<RegionPages, 'get' | 'put' | 'nowMs'>;

export class PromptMemory {
  readonly #region: Pages;
  readonly #files: Files;

  constructor(region: Pages, files: Files) {
    this.#region = region;
    this.#files = files;
  }

  /** Whether all prompts are as they were remembered. False when nothing is remembered. */
  async holds(): Promise<boolean> {
    const states = this.#read();
    if (states === undefined) return false;
    for (const [folder, state] of states) {
      if ((await promptsState(folder, this.#files)) !== state) return false;
    }
    return true;
  }

  /** Forgets all folders: from here on, what is remembered is what was seen. */
  clear(): void {
    this.#write(new Map());
  }

  /** Remembers a folder as it is now. */
  async note(folder: string): Promise<void> {
    const state = await promptsState(folder, this.#files);
    // Read after the wait: another folder may have been noted meanwhile.
    const states = this.#read() ?? new Map<string, string>();
    if (states.get(folder) !== state) this.#write(states.set(folder, state));
  }

  #read(): Map<string, string> | undefined {
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
      // What could not be remembered is not trusted later: nothing else follows from it.
    }
  }
}
