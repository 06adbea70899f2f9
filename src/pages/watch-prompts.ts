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
  const names = ['system_prompt', 'layout'].flatMap((name) => candidates(name, true));
  const paths = names.map((name) => join(folder, name));
  const state = async (): Promise<string> => {
    const marks = await Promise.all(paths.map((path) => markOrProblem(path, files)));
    return JSON.stringify(marks);
  };
  let known = state();
  const look = async (): Promise<void> => {
    const before = await known;
    known = state();
    if ((await known) !== before) onChange();
  };
  const watch = watchPaths([folder, ...paths], { clock, onChange: look, onError });
  // A change before the folder was watched has made no event.
  return { ready: watch.ready.then(look), close: watch.close };
}

async function markOrProblem(path: string, files: Files): Promise<FileMark | string> {
  try {
    return (await files.mark(path)) ?? 'absent';
  } catch (error) {
    return String(error);
  }
}
