/** The site's own system prompt and layout: the files of MuseAiPromptsDir, kept in memory. */

import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { MuseError, messageOf } from '../errors.ts';
import { type FileMark, type Files, isSettled, sameMark } from '../files.ts';
import type { Log } from '../log.ts';
import { decodeUtf8 } from '../utf8.ts';

export interface Prompts {
  readonly systemPrompt: string | undefined;
  readonly layout: string | undefined;
}

interface Kept {
  readonly mark: FileMark;
  readonly text: string;
}

export interface PromptStoreOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Called once for each folder, so that changes can be watched. Nothing of the folder is read
   * before it is done: what is read later is what was seen there, or newer.
   */
  readonly onFolder: (folder: string) => Promise<void> | undefined;
}

const BYTES_MAX = 1_048_576;
const FOLDERS_MAX = 1_000;

/** The names that may hold a prompt, the best first. */
export function candidates(name: string, minify: boolean): string[] {
  const plain = [`${name}.ai`, `${name}.txt`];
  return minify ? [`${name}.min.ai`, `${name}.min.txt`, ...plain] : plain;
}

/** The files of `folder` that may hold a prompt. */
export function promptPaths(folder: string): string[] {
  const names = ['system_prompt', 'layout'].flatMap((name) => candidates(name, true));
  return names.map((name) => join(folder, name));
}

export class PromptStore {
  readonly #options: PromptStoreOptions;
  readonly #kept = new Map<string, Kept>();
  /** Each with what `onFolder` has to do for it. */
  readonly #folders = new Map<string, Promise<void> | undefined>();

  constructor(options: PromptStoreOptions) {
    this.#options = options;
  }

  /**
   * The prompts in `folder` as they are now; a file is read again when its mark changes.
   *
   * @throws {MuseError} `prompts-unreadable`: a page without the site's rules must not go out.
   */
  async read(folder: string, minify: boolean): Promise<Prompts> {
    if (this.#folders.has(folder)) await this.#folders.get(folder);
    else if (this.#folders.size < FOLDERS_MAX) {
      const seen = this.#options.onFolder(folder);
      this.#folders.set(folder, seen);
      await seen;
      await this.#warnWhenEmpty(folder, minify);
    }
    const [systemPrompt, layout] = await Promise.all([
      this.#first(folder, candidates('system_prompt', minify)),
      this.#first(folder, candidates('layout', minify)),
    ]);
    return { systemPrompt, layout };
  }

  async #first(folder: string, names: readonly string[]): Promise<string | undefined> {
    for (const name of names) {
      const text = await this.#text(join(folder, name));
      if (text !== undefined) return text;
    }
    return undefined;
  }

  async #text(path: string): Promise<string | undefined> {
    const { files, clock } = this.#options;
    try {
      const now = clock.now();
      const mark = await files.mark(path);
      if (mark === undefined) {
        this.#kept.delete(path);
        return undefined;
      }
      const kept = this.#kept.get(path);
      if (kept !== undefined && sameMark(kept.mark, mark)) return kept.text;
      if (mark.size > BYTES_MAX) throw new Error('a prompt has at most 1 MiB');
      const bytes = await files.read(path, BYTES_MAX);
      const text = decodeUtf8(bytes).trim();
      if (isSettled(mark, now)) this.#kept.set(path, { mark, text });
      return text;
    } catch (cause) {
      throw new MuseError('prompts-unreadable', `${path}: ${messageOf(cause)}`, { cause });
    }
  }

  async #warnWhenEmpty(folder: string, minify: boolean): Promise<void> {
    const names = [...candidates('system_prompt', minify), ...candidates('layout', minify)];
    if ((await this.#first(folder, names)) !== undefined) return;
    this.#options.log.write(
      'prompts-empty',
      `MuseAiPromptsDir ${folder} holds none of ${names.join(', ')}; the built-in prompt is used`,
    );
  }
}
