import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Installation } from '../httpd/installation.ts';
import { canRead, makePublicFolder } from '../httpd/public-folder.ts';

/** The ServerRoot of the demo, and the demo's own files, where the server's user can read them. */
export class RunFolder {
  readonly root: string;
  /** The folder `demo/` of the checkout, or a copy of it. */
  readonly demo: string;
  readonly #temporary: boolean;

  private constructor(root: string, demo: string, temporary: boolean) {
    this.root = root;
    this.demo = demo;
    this.#temporary = temporary;
    for (const name of ['conf', 'logs', 'run', 'site']) makeFolder(this.path(name));
  }

  /**
   * Uses `.run/` in the checkout. When the server's user can't read the checkout, a temporary
   * folder with a copy of the demo takes its place.
   */
  static open(installation: Installation, wanted: string): RunFolder {
    const demo = join(installation.checkout, 'demo');
    makeFolder(wanted);
    if (canRead([wanted, ...filesBelow(demo)], installation.runAs)) {
      return new RunFolder(wanted, demo, false);
    }
    const root = makePublicFolder('mod_muse_ai-demo-', installation.runAs);
    const copy = join(root, 'demo');
    cpSync(demo, copy, { recursive: true });
    for (const file of filesBelow(copy)) chmodSync(file, statSync(file).isFile() ? 0o644 : 0o755);
    chmodSync(copy, 0o755);
    return new RunFolder(root, copy, true);
  }

  get isTemporary(): boolean {
    return this.#temporary;
  }

  path(...names: readonly string[]): string {
    return join(this.root, ...names);
  }

  /** Writes a file that the server's user can read. */
  write(name: string, content: string): string {
    const path = this.path(name);
    writeFileSync(path, content);
    chmodSync(path, 0o644);
    return path;
  }

  /**
   * Writes a file unless somebody changed it since we wrote it last: then theirs is kept.
   * Says which of the two happened.
   */
  writeUnlessEdited(name: string, content: string): 'written' | 'kept' {
    const path = this.path(name);
    const note = this.path(`${name}.generated`);
    const edited =
      existsSync(path) &&
      existsSync(note) &&
      readFileSync(note, 'utf8') !== hash(readFileSync(path, 'utf8'));
    if (edited) return 'kept';
    this.write(name, content);
    this.write(`${name}.generated`, hash(content));
    return 'written';
  }

  /** Removes what is only for this run. */
  close(): void {
    if (this.#temporary) rmSync(this.root, { recursive: true, force: true });
  }
}

function makeFolder(folder: string): void {
  if (!existsSync(folder)) {
    mkdirSync(dirname(folder), { recursive: true });
    mkdirSync(folder);
  }
  chmodSync(folder, 0o755);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
    join(folder, name),
  );
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
