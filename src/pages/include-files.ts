/**
 * The files that a page may include: prompts in the page's own folder or below, else in
 * MuseAiPromptsDir or below.
 *
 * Synchronous, as `systemFiles` is within: parsing asks for them one by one, and they are most
 * often in the kernel's memory.
 */

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { messageOf, systemCode } from '../errors.ts';
import type { FileMark } from '../files.ts';

/** A file that a page includes. */
export interface Included {
  readonly file: string;
  readonly bytes: Buffer;
}

/** Why there is no such file for a page: for the log, without the place that names it. */
export class IncludeProblem extends Error {
  override readonly name = 'IncludeProblem';
}

const SUFFIXES = ['.ai', '.txt'];
const BYTES_MAX = 1_048_576;
const FILES_MAX = 64;

export class IncludeFiles {
  readonly #folders: readonly string[];
  readonly #seen = new Map<string, FileMark | undefined>();
  #files = 0;
  #bytes = 0;

  /** `folders`: where to look, the first one first. */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /** What was looked at, there or not, as it was just before. */
  get seen(): ReadonlyMap<string, FileMark | undefined> {
    return this.#seen;
  }

  /** @throws {IncludeProblem} */
  read(name: string): Included {
    checkName(name);
    const names = SUFFIXES.some((suffix) => name.endsWith(suffix))
      ? [name]
      : SUFFIXES.map((suffix) => name + suffix);
    for (const folder of this.#folders) {
      for (const each of names) {
        const found = this.#readIn(folder, each);
        if (found !== undefined) return found;
      }
    }
    const where = this.#folders.join(' or ');
    throw new IncludeProblem(`there is no file ${names.join(' or ')} in ${where}`);
  }

  #readIn(folder: string, name: string): Included | undefined {
    const file = join(folder, name);
    this.#seen.set(file, markOf(file));
    const bytes = readBelow(folder, file);
    if (bytes === undefined) return undefined;
    this.#files += 1;
    this.#bytes += bytes.length;
    if (this.#files > FILES_MAX) {
      throw new IncludeProblem(`a page includes at most ${FILES_MAX} files`);
    }
    if (this.#bytes > BYTES_MAX) {
      throw new IncludeProblem('what a page includes has at most 1 MiB altogether');
    }
    return { file, bytes };
  }
}

function checkName(name: string): void {
  if (name.startsWith('/')) {
    throw new IncludeProblem('the name is relative to the page’s folder, not an absolute path');
  }
  const steps = name.split('/');
  if (steps.includes('..')) {
    throw new IncludeProblem('".." leads out of the page’s folder: not allowed');
  }
  if (steps.some((step) => step === '' || step.startsWith('.')) || /[\\\u0000-\u001f]/.test(name)) {
    throw new IncludeProblem('this is not the name of a file that may be included');
  }
}

/** The file's bytes; undefined where there is none. What it really is lies below `folder`. */
function readBelow(folder: string, file: string): Buffer | undefined {
  let descriptor: number;
  try {
    // Non-blocking: a FIFO must not hold the engine.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (/^(?:ENOENT|ENOTDIR)$/.test(systemCode(error) ?? '')) return undefined;
    throw new IncludeProblem(`${file}: ${messageOf(error)}`, { cause: error });
  }
  try {
    // Of the file that is open, so that nobody can swap a link in between.
    const real = readlinkSync(`/proc/self/fd/${descriptor}`);
    if (!real.startsWith(join(realpathSync(folder), '/'))) {
      throw new IncludeProblem(`${file} is a link that leads out of ${folder}: not allowed`);
    }
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new IncludeProblem(`${file} is not a file`);
    return readWhole(descriptor, Math.min(found.size, BYTES_MAX + 1));
  } finally {
    closeSync(descriptor);
  }
}

function readWhole(descriptor: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let at = 0;
  while (at < length) {
    const read = readSync(descriptor, buffer, at, length - at, at);
    if (read === 0) break;
    at += read;
  }
  return buffer.subarray(0, at);
}

function markOf(file: string): FileMark | undefined {
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found === undefined || !found.isFile()) return undefined;
    return { changedMs: found.ctimeMs, size: found.size, inode: found.ino };
  } catch {
    // Whoever may not look at it may not read it either, and that is told.
    return undefined;
  }
}
