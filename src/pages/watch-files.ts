/** Watches files that pages are made of, there or not, and tells which have changed. */

import type { Clock } from '../clock.ts';
import type { FileMark, Files } from '../files.ts';
import { type Watch, watchPaths } from '../watch.ts';

export interface FileWatchOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly onChange: (changed: FileStates) => void;
  readonly onError: (error: unknown) => void;
}

/** Path → what tells one state of the file from another. */
export type FileStates = ReadonlyMap<string, string>;

/**
 * Watches `paths`, from the states that they have in `states`, and keeps those up to date. Others
 * may do so, too: a change is told once.
 */
export function watchFiles(
  paths: readonly string[],
  states: Map<string, string>,
  options: FileWatchOptions,
): Watch {
  const { files, clock, onChange, onError } = options;
  const look = async (): Promise<void> => {
    const now = await fileStates(paths, files);
    const changed = [...now].filter(([path, state]) => states.get(path) !== state);
    for (const [path, state] of changed) states.set(path, state);
    if (changed.length > 0) onChange(new Map(changed));
  };
  const watch = watchPaths(paths, { clock, onChange: look, onError });
  // A change before they were watched has made no event.
  return { ready: watch.ready.then(look), close: watch.close };
}

/** The files as they are now. */
export async function fileStates(paths: Iterable<string>, files: Files): Promise<FileStates> {
  return new Map(await Promise.all([...paths].map((path) => markedState(path, files))));
}

/** As `fileStates` tells it of a file that was marked so. */
export function stateOf(mark: FileMark | undefined): string {
  return mark === undefined ? 'absent' : JSON.stringify([mark.changedMs, mark.size, mark.inode]);
}

async function markedState(path: string, files: Files): Promise<readonly [string, string]> {
  try {
    return [path, stateOf(await files.mark(path))];
  } catch (error) {
    return [path, String(error)];
  }
}
