/** Watches a prompts folder, and tells when a prompt in it has changed, come or gone. */

import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { type Watch, watchPaths } from '../watch.ts';
import type { FileMark, Files } from './files.ts';
import { candidates } from './prompts.ts';

export interface PromptWatchOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

/** Other files in the folder, such as an editor's, are of no concern. */
export function watchPrompts(folder: string, options: PromptWatchOptions): Watch {
  const { files, clock, onChange, onError } = options;
  const state = (): Promise<string> => promptsState(folder, files);
  let known = state();
  const look = async (): Promise<void> => {
    const before = await known;
    known = state();
    if ((await known) !== before) onChange();
  };
  const watch = watchPaths([folder, ...promptPaths(folder)], { clock, onChange: look, onError });
  // A change before the folder was watched has made no event.
  return { ready: watch.ready.then(look), close: watch.close };
}

/** What tells one state of a folder's prompts from another. */
export async function promptsState(folder: string, files: Files): Promise<string> {
  const marks = await Promise.all(promptPaths(folder).map((path) => markOrProblem(path, files)));
  return JSON.stringify(marks);
}

function promptPaths(folder: string): string[] {
  const names = ['system_prompt', 'layout'].flatMap((name) => candidates(name, true));
  return names.map((name) => join(folder, name));
}

async function markOrProblem(path: string, files: Files): Promise<FileMark | string> {
  try {
    return (await files.mark(path)) ?? 'absent';
  } catch (error) {
    return String(error);
  }
}
