import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** A folder of files that the server's user can read, whatever our umask is. */
export class Site {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
    makeReadableFolder(root);
  }

  path(...names: readonly string[]): string {
    return join(this.root, ...names);
  }

  /** Writes a file in place, with the folders above it, and returns its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = this.path(name);
    makeReadableFolder(dirname(path));
    writeFileSync(path, content, { mode: 0o644 });
    // Only where it has to be: whoever watches the file may see one more change in it.
    if ((statSync(path).mode & 0o777) !== 0o644) chmodSync(path, 0o644);
    return path;
  }

  /** Writes a value as JSON. */
  writeJson(name: string, value: unknown): string {
    return this.write(name, `${JSON.stringify(value, null, 2)}\n`);
  }

  /** Replaces a file as careful editors do: a new file is renamed over the old one. */
  replace(name: string, content: string | Uint8Array): string {
    const path = this.path(name);
    renameSync(this.write(`${name}.new~`, content), path);
    return path;
  }

  /** Copies a file from elsewhere, unless that was done before. */
  copy(name: string, from: string): string {
    return existsSync(this.path(name)) ? this.path(name) : this.write(name, readFileSync(from));
  }

  link(name: string, target: string): string {
    const path = this.path(name);
    makeReadableFolder(dirname(path));
    rmSync(path, { force: true });
    symlinkSync(target, path);
    return path;
  }

  /** Sets when a file was last changed. */
  touch(name: string, date: Date): void {
    utimesSync(this.path(name), date, date);
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true, force: true });
  }
}

/** Makes a folder, and those above it, that everybody may enter. */
export function makeReadableFolder(folder: string): void {
  const made = mkdirSync(folder, { recursive: true });
  if (made === undefined) return;
  for (let at = folder; at.length >= made.length; at = dirname(at)) chmodSync(at, 0o755);
}
