/**
 * What pages are made of besides their own files: the prompts of MuseAiPromptsDir, and what pages
 * include. httpd knows nothing of these, so a change has to be noticed here, whether anybody asks
 * for a page or not; and the next engine has to know whether there was one while none ran.
 */

import { FileWatches } from './file-watches.ts';
import type { PromptMemory } from './prompt-memory.ts';
import { type FileStates, type FileWatchOptions, fileStates } from './watch-files.ts';

export interface SourcesOptions extends Omit<FileWatchOptions, 'onChange'> {
  readonly memory: PromptMemory;
  readonly onChange: (files: readonly string[]) => void;
}

const FILES_MAX = 4_000;

export class Sources {
  readonly #options: SourcesOptions;
  readonly #watched = new Set<string>();
  readonly #watches: FileWatches;
  #saidTooMany = false;

  constructor(options: SourcesOptions) {
    this.#options = options;
    this.#watches = new FileWatches({
      ...options,
      onChange: (now) => this.#noteChanged(now),
    });
  }

  /** Watches and remembers these files from here on, those that it does not know yet. */
  add(states: FileStates): void {
    const fresh = new Map([...states].filter(([path]) => !this.#watched.has(path)));
    if (fresh.size === 0) return;
    const { memory, onChange } = this.#options;
    // Another engine may have pages of a file as it was before, and see the change later.
    const replaced = memory.note(fresh);
    if (replaced !== undefined && replaced.length > 0) onChange(replaced);
    const room = FILES_MAX - this.#watched.size;
    if (fresh.size > room) this.#sayTooMany();
    // An engine that begins anew has those of all pages at once: the first ones, not none.
    const some = new Map([...fresh].slice(0, room));
    if (some.size === 0) return;
    for (const path of some.keys()) this.#watched.add(path);
    this.#watches.add(some);
  }

  /**
   * Watches what engines before this one, or beside it, remembered: httpd has pages of theirs. What
   * has changed meanwhile is told.
   */
  async resume(): Promise<void> {
    const { files, memory } = this.#options;
    const known = memory.read();
    if (known === undefined) memory.distrust();
    else this.add(await fileStates(known, files));
  }

  #noteChanged(now: FileStates): void {
    const { memory, onChange } = this.#options;
    const replaced = memory.note(now);
    if (replaced === undefined) memory.distrust();
    // None: another engine saw it first, and has told.
    const told = replaced ?? [...now.keys()];
    if (told.length > 0) onChange(told);
  }

  /** Once: pages that include more come and go, and each visit would have a line of the log. */
  #sayTooMany(): void {
    if (this.#saidTooMany) return;
    this.#saidTooMany = true;
    this.#options.onError(new Error(`more than ${FILES_MAX} files that pages include`));
  }
}
