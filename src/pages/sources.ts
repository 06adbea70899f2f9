/**
 * What pages are made of besides their own files: the prompts of MuseAiPromptsDir, and what pages
 * include. httpd knows nothing of these, so a change has to be noticed here, whether anybody asks
 * for a page or not; and the next engine has to know whether there was one while none ran.
 */

import type { PromptMemory } from './prompt-memory.ts';
import { type FileStates, type FileWatchOptions, fileStates, watchFiles } from './watch-files.ts';

export interface SourcesOptions extends FileWatchOptions {
  readonly memory: PromptMemory;
}

const FILES_MAX = 4_000;

export class Sources {
  readonly #options: SourcesOptions;
  readonly #watched = new Set<string>();

  constructor(options: SourcesOptions) {
    this.#options = options;
  }

  /** Watches and remembers these files from here on, those that it does not know yet. */
  add(states: FileStates): void {
    const fresh = new Map([...states].filter(([path]) => !this.#watched.has(path)));
    if (fresh.size === 0) return;
    const { memory, files, onChange, onError } = this.#options;
    if (this.#watched.size + fresh.size > FILES_MAX) {
      onError(new Error(`more than ${FILES_MAX} files that pages include`));
      return;
    }
    for (const path of fresh.keys()) this.#watched.add(path);
    memory.note(fresh);
    watchFiles(fresh, {
      ...this.#options,
      onChange: (changed) => {
        onChange(changed);
        void fileStates(changed, files).then((now) => memory.note(now));
      },
    });
  }

  /**
   * Watches what an engine before this one remembered.
   *
   * @returns whether all of it is as it was: only then page keys from before hold.
   */
  async resume(): Promise<boolean> {
    const { files, memory } = this.#options;
    const known = memory.read();
    const holds = await memory.holds();
    if (known === undefined) memory.clear();
    // All of it also after a change: it may be another engine's, whose pages httpd has.
    else this.add(holds ? known : await fileStates(known.keys(), files));
    return holds;
  }
}
