/** The file system as pages and models.json need it, so that a test can stand in for it. */

import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';

/** What tells one state of a file from another. */
export interface FileMark {
  /** When content, owner or permissions last changed; nobody can set it. */
  readonly changedMs: number;
  readonly size: number;
  readonly inode: number;
}

export interface Files {
  /** Size and time of a regular file, or undefined when there is none. Throws as node:fs does. */
  mark(path: string): Promise<FileMark | undefined>;
  /** The first `limit` bytes of a regular file. Throws as node:fs does. */
  read(path: string, limit: number): Promise<Buffer>;
}

/**
 * Synchronous within: a page is small, and most often in the kernel's memory, while each step in
 * libuv's thread pool would cost more than all of them here, before the first byte of every page.
 */
export const systemFiles: Files = {
  async mark(path) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || !found.isFile()) return undefined;
    return { changedMs: found.ctimeMs, size: found.size, inode: found.ino };
  },

  async read(path, limit) {
    // Non-blocking: a FIFO in place of a page must not hold the engine.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = fstatSync(file);
      if (!found.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'EISDIR' });
      const buffer = Buffer.alloc(Math.min(found.size, limit));
      let length = 0;
      while (length < buffer.length) {
        const bytesRead = readSync(file, buffer, length, buffer.length - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return buffer.subarray(0, length);
    } finally {
      closeSync(file);
    }
  },
};

/** httpd has a file's time in microseconds, and Node.js in nanoseconds. */
const TIME_GRAIN_MS = 0.001_5;

export function sameMark(a: FileMark | undefined, b: FileMark | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    Math.abs(a.changedMs - b.changedMs) < TIME_GRAIN_MS && a.size === b.size && a.inode === b.inode
  );
}

/**
 * A file system's clock may tick only now and then: of a file that was changed just before it was
 * read, a second change can look like the first.
 */
const SETTLED_MS = 2_000;

/** Whether a file that was read at `now` has not changed since, while its mark stays the same. */
export function isSettled(mark: FileMark, now: number): boolean {
  return now - mark.changedMs > SETTLED_MS;
}

/** The real path behind `path`, or undefined when it leads nowhere. */
export async function realPath(path: string): Promise<string | undefined> {
  return realpath(path).catch((error: unknown) => {
    if (isAbsence(error)) return undefined;
    throw error;
  });
}

function isAbsence(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && /^(?:ENOENT|ENOTDIR)$/.test(String(error.code))
  );
}
