/** Watches files that pages are made of, there or not, and tells which have changed. */

import type { Clock } from '../clock.ts';
import type { FileMark, Files } from '../files.ts';
import { type Watch, watchPaths } from '../watch.ts';

export interface FileWatchOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly onChange: (changed: readonly string[]) => void;
  readonly onError: (error: unknown) => void;
}

/** Path → what tells one state of the file from another. */
export type FileStates = ReadonlyMap<string, string>;

/** Watches the files of `known`, from the states that they have there. */
export function watchFiles(known: FileStates, options: FileWatchOptions): Watch {
  const { files, clock, onChange, onError } = options;
  let states = Promise.resolve(known);
  const look = async (): Promise<void> => {
    const before = await states;
    states = fileStates(known.keys(), files);
    const now = await states;
    const changed = [...now.keys()].filter((path) => now.get(path) !== before.get(path));
    if (changed.length > 0) onChange(changed);
  };
  const watch = watchPaths([...known.keys()], { clock, onChange: look, onError });
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
