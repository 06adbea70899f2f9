import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Installation } from '../httpd/installation.ts';
import { canRead, makePublicFolder } from '../httpd/public-folder.ts';
import { Mirror } from './mirror.ts';

/** The ServerRoot of the demo, and where the server's user reads it and the demo's own files. */
export class RunFolder {
  readonly root: string;
  /** What the server reads: the folder `demo/` of the checkout and `root`, or copies of them. */
  readonly served: { readonly demo: string; readonly run: string };
  readonly #mirror: Mirror | undefined;

  private constructor(demo: string, root: string, copies: string | undefined) {
    this.root = root;
    for (const name of ['conf', 'logs', 'run', 'site']) makeFolder(this.path(name));
    if (copies === undefined) {
      this.served = { demo, run: root };
      return;
    }
    this.served = { demo: join(copies, 'demo'), run: copies };
    this.#mirror = new Mirror(
      new Map([
        [demo, this.served.demo],
        [this.path('site'), join(copies, 'site')],
        [this.path('conf', 'models.json'), join(copies, 'conf', 'models.json')],
      ]),
    );
    this.#mirror.sync();
    this.#mirror.start();
  }

  /**
   * Uses `wanted`, usually `.run/` in the checkout. When the server's user can't read there or in
   * the demo, a temporary folder with copies comes beside it, which follow the originals.
   */
  static open(installation: Installation, wanted: string): RunFolder {
    const { checkout, runAs } = installation;
    const demo = join(checkout, 'demo');
    makeFolder(wanted);
    const readable = canRead([wanted, demo, ...filesBelow(demo)], runAs);
    const copies = readable ? undefined : makePublicFolder('mod_muse_ai-demo-', runAs);
    return new RunFolder(demo, wanted, copies);
  }

  get isMirrored(): boolean {
    return this.#mirror !== undefined;
  }

  path(...names: readonly string[]): string {
    return join(this.root, ...names);
  }

  /** Writes a file that the server's user can read. */
  write(name: string, content: string): string {
    const path = this.path(name);
    writeFileSync(path, content);
    chmodSync(path, 0o644);
    this.#mirror?.sync();
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

  /** Removes the copies. */
  close(): void {
    if (this.#mirror === undefined) return;
    this.#mirror.stop();
    rmSync(this.served.run, { recursive: true, force: true });
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
