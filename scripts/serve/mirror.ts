import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** How often changes are looked for, in milliseconds. */
const interval = 300;

/**
 * Keeps world-readable copies of files and folders up to date: for a server whose user can't read
 * the originals, so that they can still be edited where they are.
 */
export class Mirror {
  readonly #pairs: ReadonlyMap<string, string>;
  /** Each copy with size and time of the original that it was made from. */
  readonly #copies = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;

  /** @param pairs each original (a file or a folder) and where its copy goes */
  constructor(pairs: ReadonlyMap<string, string>) {
    this.#pairs = pairs;
  }

  start(): void {
    this.#timer = setInterval(() => this.sync(), interval);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Copies what is new or has changed, and removes what is gone. */
  sync(): void {
    const present = new Set<string>();
    for (const [from, to] of this.#pairs) this.#visit(from, to, present);
    for (const copy of this.#copies.keys()) {
      if (present.has(copy)) continue;
      rmSync(copy, { force: true });
      this.#copies.delete(copy);
    }
  }

  #visit(from: string, to: string, present: Set<string>): void {
    const stat = statSync(from, { throwIfNoEntry: false });
    if (stat?.isDirectory()) {
      for (const name of readdirSync(from)) this.#visit(join(from, name), join(to, name), present);
    } else if (stat?.isFile()) {
      present.add(to);
      const state = `${stat.size} ${stat.mtimeMs}`;
      if (this.#copies.get(to) === state) return;
      copy(from, to, stat.mtime);
      this.#copies.set(to, state);
    }
  }
}

/** The copy is renamed into place, so that nobody ever reads half of it. */
function copy(from: string, to: string, changed: Date): void {
  const made = mkdirSync(dirname(to), { recursive: true });
  if (made !== undefined) {
    for (let at = dirname(to); at.length >= made.length; at = dirname(at)) chmodSync(at, 0o755);
  }
  const fresh = `${to}.new~`;
  copyFileSync(from, fresh);
  chmodSync(fresh, 0o644);
  utimesSync(fresh, changed, changed);
  renameSync(fresh, to);
}
