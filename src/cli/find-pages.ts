/** Pages on disk: `.ai` files, given by name or found below folders. */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import { Complaint } from './command.ts';

/** Folders that hold no pages of a site. */
const LEFT_OUT = new Set(['node_modules']);

export const isPageName = (name: string): boolean => /\.ai$/i.test(name);

/** Is told what lies below a folder and can't be looked at. */
export type Unreadable = (path: string, why: string) => void;

/**
 * The `.ai` files at and below `path`, in the order of their names.
 *
 * @throws {Complaint} when there is nothing at `path`, and what `unreadable` throws.
 */
export function findPages(path: string, unreadable: Unreadable = complain): string[] {
  return isFolder(path) ? below(path, unreadable) : [path];
}

/** @throws {Complaint} when there is nothing at `path`, or nobody may look. */
export function isFolder(path: string): boolean {
  const found = look(path, complain, () => statSync(path, { throwIfNoEntry: false }));
  if (found === undefined) throw new Complaint(`${path}: there is no such file or folder.`);
  return found.isDirectory();
}

function below(folder: string, unreadable: Unreadable): string[] {
  const entries =
    look(folder, unreadable, () => readdirSync(folder, { withFileTypes: true })) ?? [];
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    if (entry.name.startsWith('.') || LEFT_OUT.has(entry.name)) return [];
    const path = join(folder, entry.name);
    // Links to files count; links to folders may lead in circles.
    if (entry.isDirectory()) return below(path, unreadable);
    if (!isPageName(entry.name)) return [];
    const found = look(path, unreadable, () => statSync(path, { throwIfNoEntry: false }));
    return found?.isFile() === true ? [path] : [];
  });
}

function look<T>(path: string, unreadable: Unreadable, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    const why = code === 'EACCES' ? 'you may not look into it' : 'it can’t be looked at';
    unreadable(path, `${why} (${code})`);
    return undefined;
  }
}

function complain(path: string, why: string): never {
  throw new Complaint(`${path}: ${why}.`);
}
