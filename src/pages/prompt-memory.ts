/**
 * What prompts and included files looked like when pages were last made from them, kept in the
 * region: so that an engine that starts anew knows whether page keys from before still hold. Without
 * it, every page would have to come from the engine once more after each restart, just when it is
 * needed least. All engines share it, so one knows also what only another one's pages are made of.
 */

import { createHash } from 'node:crypto';
import type { Region } from '../region.ts';
import type { FileStates } from './watch-files.ts';

/** What of the region is needed. */
export type RememberedPrompts = Pick<Region, 'notePrompt' | 'prompts' | 'raiseEpoch'>;

export class PromptMemory {
  readonly #region: RememberedPrompts;

  constructor(region: RememberedPrompts) {
    this.#region = region;
  }

  /**
   * Remembers these files, beside those that it does already.
   *
   * @returns those that had another state before: page keys from then hold no more. Undefined: they
   *   can't be remembered, and what is there is not to be trusted any more.
   */
  note(states: FileStates): string[] | undefined {
    try {
      const entries = [...states].map(([path, state]) => [path, digest(state)] as const);
      return entries.filter((entry) => this.#region.notePrompt(...entry)).map(([path]) => path);
    } catch {
      // Full, or held by a process that stands still: the region knows it by itself.
      return undefined;
    }
  }

  /** The files that are remembered. Undefined: some may be missing. */
  read(): readonly string[] | undefined {
    try {
      return this.#region.prompts();
    } catch {
      return undefined;
    }
  }

  /** Page keys from before hold no more. */
  distrust(): void {
    this.#region.raiseEpoch();
  }
}

function digest(state: string): Buffer {
  return createHash('sha1').update(state).digest();
}
