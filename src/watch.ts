/**
 * Watches what paths lead to: files or folders, there or not there yet, by way of any number of
 * symbolic links.
 *
 * Editors replace a file by renaming another over it, deployments swap a link somewhere in the
 * path (`current -> releases/42`, Kubernetes's `..data`), and a file grows while it is written. So
 * the folders are watched in which a name of a path stands, not the file: any event there, and
 * then a quiet moment, means "look again". Whoever looks decides whether anything has changed.
 */

import { lstat, readlink } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { watch as chokidarWatch, type FSWatcher } from 'chokidar';
import type { Clock, Timer } from './clock.ts';

export interface WatchOptions {
  readonly clock: Clock;
  /** Something may have changed. Calls never overlap; a change during one leads to another. */
  readonly onChange: () => Promise<void>;
  /** Watching failed; what is in force stays so. */
  readonly onError: (error: unknown) => void;
  /** Milliseconds without an event before `onChange`. */
  readonly quiet?: number;
}

export interface Watch {
  /** Resolves when changes from now on are seen. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

const QUIET_MS = 75;
/** A file that is written without a pause is looked at all the same. */
const LONGEST_WAIT_MS = 1_000;
const LINKS_MAX = 40;
const ATTEMPTS_MAX = 5;

export function watchPaths(paths: readonly string[], options: WatchOptions): Watch {
  const { clock, onChange, onError, quiet = QUIET_MS } = options;
  let watcher: FSWatcher | undefined;
  let watched = new Map<string, Names>();
  let timer: Timer | undefined;
  let firstEventAt: number | undefined;
  let closed = false;
  let work = followPaths().catch(onError);

  return {
    ready: work,
    async close() {
      closed = true;
      timer?.clear();
      await work;
      await watcher?.close();
    },
  };

  function noticed(): void {
    if (closed) return;
    const now = clock.uptime();
    firstEventAt ??= now;
    timer?.clear();
    const wait = Math.max(0, Math.min(quiet, firstEventAt + LONGEST_WAIT_MS - now));
    timer = clock.after(wait, () => {
      firstEventAt = undefined;
      work = work.then(look).catch(onError);
    });
  }

  async function look(): Promise<void> {
    if (closed) return;
    await followPaths();
    await onChange();
  }

  /** Watches the folders that matter now; again, if they changed before they were watched. */
  async function followPaths(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX && !closed; attempt++) {
      const folders = await foldersOf(paths);
      if (isDeepStrictEqual(folders, watched)) return;
      const before = watcher;
      watched = folders;
      watcher = await watchFolders(folders);
      await before?.close();
    }
  }

  async function watchFolders(folders: ReadonlyMap<string, Names>): Promise<FSWatcher> {
    const next = chokidarWatch([...folders.keys()], {
      depth: 0,
      ignored: (name) => !folders.has(name) && !concerns(folders.get(dirname(name)), name),
      followSymlinks: false,
      ignoreInitial: true,
      ignorePermissionErrors: true,
    });
    next.on('all', noticed).on('error', onError);
    // A link that becomes a folder at once is told by the raw event alone.
    next.on('raw', (_, name, details) => {
      const folder = watchedPath(details);
      if (name === null || folder === undefined) return;
      if (concerns(folders.get(folder), name)) noticed();
    });
    await new Promise<void>((resolve) => next.once('ready', resolve));
    return next;
  }
}

function watchedPath(details: unknown): string | undefined {
  if (typeof details !== 'object' || details === null || !('watchedPath' in details)) return;
  return typeof details.watchedPath === 'string' ? details.watchedPath : undefined;
}

/** Names that matter in a folder. */
type Names = ReadonlySet<string> | 'all';

function concerns(names: Names | undefined, path: string): boolean {
  return names === 'all' || names?.has(basename(path)) === true;
}

/**
 * The folders in which a name of `paths` may well be replaced, with these names: for every symbolic
 * link on the way the folder that holds it; the folder that holds the end, or would hold it, and
 * the one above that. All names matter in a folder that is the end itself.
 */
export async function foldersOf(paths: readonly string[]): Promise<Map<string, Names>> {
  const folders = new Map<string, Set<string> | 'all'>();
  const add = (folder: string, name: string): void => {
    const names = folders.get(folder) ?? new Set();
    if (names !== 'all') folders.set(folder, names.add(name));
  };
  const read = createReader();
  for (const path of paths) {
    const end = await follow(resolve(path), read, add);
    if (end.isFolder) folders.set(end.path, 'all');
    add(dirname(end.path), basename(end.path));
    if (dirname(end.path) !== '/') {
      add(dirname(dirname(end.path)), basename(dirname(end.path)));
    }
  }
  return folders;
}

/** What a name is; a link is where it points. */
type Entry = 'absent' | 'file' | 'folder' | { readonly target: string };

/** Asks for each name once: most paths have most of their way in common. */
function createReader(): (path: string) => Promise<Entry> {
  const known = new Map<string, Promise<Entry>>();
  return (path) => {
    const entry = known.get(path) ?? readEntry(path);
    known.set(path, entry);
    return entry;
  };
}

async function readEntry(path: string): Promise<Entry> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return 'absent';
  if (!found.isSymbolicLink()) return found.isDirectory() ? 'folder' : 'file';
  const target = await readlink(path).catch(() => undefined);
  // Replaced just now, which is an event in its folder.
  return target === undefined ? 'absent' : { target };
}

/** Where `path` leads, or the first name on the way that is not there; links go to `onLink`. */
async function follow(
  path: string,
  read: (path: string) => Promise<Entry>,
  onLink: (folder: string, name: string) => void,
): Promise<{ readonly path: string; readonly isFolder: boolean }> {
  let here = '/';
  let names = namesIn(path);
  let isFolder = true;
  for (let links = 0; names.length > 0; ) {
    const [name = '', ...rest] = names;
    const next = join(here, name);
    const entry = await read(next);
    if (entry === 'absent') return { path: next, isFolder: false };
    if (typeof entry === 'object') {
      if (links++ >= LINKS_MAX) return { path: next, isFolder: false };
      onLink(here, name);
      names = [...namesIn(resolve(here, entry.target)), ...rest];
      here = '/';
      continue;
    }
    isFolder = entry === 'folder';
    here = next;
    names = rest;
  }
  return { path: here, isFolder };
}

function namesIn(path: string): string[] {
  return path.split(sep).filter(Boolean);
}
