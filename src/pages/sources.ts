/**
 * What pages are made of besides their own files: the prompts of MuseAiPromptsDir, and what pages
 * include. httpd knows nothing of these, so a change has to be noticed here, whether anybody asks
 * for a page or not; and the next engine has to know whether there was one while none ran.
 */

import { FileWatches } from './file-watches.ts';
import type { PromptMemory } from './prompt-memory.ts';
import { type FileStates, type FileWatchOptions, fileStates } from './watch-files.ts';

export interface SourcesOptions extends FileWatchOptions {
  readonly memory: PromptMemory;
}

const FILES_MAX = 4_000;

export class Sources {
  readonly #options: SourcesOptions;
  readonly #watched = new Set<string>();
  readonly #watches: FileWatches;
  #saidTooMany = false;

  constructor(options: SourcesOptions) {
    this.#options = options;
    const { memory, files, onChange } = options;
    this.#watches = new FileWatches({
      ...options,
      onChange(changed) {
        onChange(changed);
        void fileStates(changed, files).then((now) => memory.note(now));
      },
    });
  }

  /** Watches and remembers these files from here on, those that it does not know yet. */
  add(states: FileStates): void {
    const fresh = new Map([...states].filter(([path]) => !this.#watched.has(path)));
    if (fresh.size === 0) return;
    if (this.#watched.size + fresh.size > FILES_MAX) {
      this.#sayTooMany();
      return;
    }
    for (const path of fresh.keys()) this.#watched.add(path);
    this.#options.memory.note(fresh);
    this.#watches.add(fresh);
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

  /** Once: pages that include more come and go, and each visit would have a line of the log. */
  #sayTooMany(): void {
    if (this.#saidTooMany) return;
    this.#saidTooMany = true;
    this.#options.onError(new Error(`more than ${FILES_MAX} files that pages include`));
  }
}
