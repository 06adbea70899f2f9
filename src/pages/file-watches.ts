/**
 * Watches files that become known a few at a time. An event in a folder is for each watch that has
 * a file there, so there are few: small ones are made into one.
 */

import type { Watch } from '../watch.ts';
import { type FileStates, type FileWatchOptions, watchFiles } from './watch-files.ts';

interface Part {
  readonly paths: readonly string[];
  readonly watch: Watch;
}

/** By how much each watch is larger than the next: a dozen are enough for some thousands of files. */
const RATIO = 2;

export class FileWatches {
  readonly #options: FileWatchOptions;
  readonly #states = new Map<string, string>();
  readonly #parts: Part[] = [];

  constructor(options: FileWatchOptions) {
    this.#options = options;
  }

  /** How many watches there are. */
  get count(): number {
    return this.#parts.length;
  }

  /** Watches these files from the states that they have there. */
  add(states: FileStates): void {
    for (const [path, state] of states) this.#states.set(path, state);
    let paths = [...states.keys()];
    for (;;) {
      const last = this.#parts.at(-1);
      if (last === undefined || last.paths.length > RATIO * paths.length) break;
      this.#parts.pop();
      // What it would still have told is seen by the one that follows, which looks at all states.
      void last.watch.close();
      paths = [...last.paths, ...paths];
    }
    this.#parts.push({ paths, watch: watchFiles(paths, this.#states, this.#options) });
  }
}
