/** Pages on disk: `.ai` files, given by name or found below folders. */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import { Complaint } from './command.ts';

/** Folders that hold no pages of a site. */
const LEFT_OUT = new Set(['node_modules']);

export const isPageName = (name: string): boolean => /\.ai$/i.test(name);

/** The `.ai` files at and below `path`, in the order of their names. @throws {Complaint} */
export function findPages(path: string): string[] {
  return isFolder(path) ? below(path) : [path];
}

/** @throws {Complaint} when there is nothing at `path`, or nobody may look there. */
export function isFolder(path: string): boolean {
  const found = reading(path, () => statSync(path, { throwIfNoEntry: false }));
  if (found === undefined) throw new Complaint(`${path}: there is no such file or folder.`);
  return found.isDirectory();
}

function below(folder: string): string[] {
  const entries = reading(folder, () => readdirSync(folder, { withFileTypes: true }));
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    if (entry.name.startsWith('.') || LEFT_OUT.has(entry.name)) return [];
    const path = join(folder, entry.name);
    // Links to files count; links to folders may lead in circles.
    if (entry.isDirectory()) return below(path);
    return isPageName(entry.name) && isFile(path) ? [path] : [];
  });
}

/** What can't be looked at, such as a link to itself, counts: whoever reads it tells why not. */
function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return true;
  }
}

/** @throws {Complaint} why `path` can't be read, in place of what Node.js throws. */
function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Complaint(`${path}: ${messageOf(error)}`);
  }
}
