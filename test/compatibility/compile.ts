import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { checkout } from '../docs/document.ts';

/** One C or C++ source and how the build compiles it. */
export interface Source {
  /** From the checkout on. */
  readonly path: string;
  readonly command: string;
  readonly folder: string;
}

/** All that the build compiles, each source once; sanitizers and 32 bits compile some anew. */
export function listSources(): readonly Source[] {
  const database = join(checkout, 'build', 'compile_commands.json');
  const all = JSON.parse(readFileSync(database, 'utf8')) as {
    readonly file: string;
    readonly command: string;
    readonly directory: string;
  }[];
  const sources = new Map<string, Source>();
  for (const { file, command, directory } of all) {
    const path = relative(checkout, file);
    if (path.startsWith('..') || path.startsWith('node_modules')) continue;
    if (/ -fsanitize| -m32/.test(command) || sources.has(path)) continue;
    sources.set(path, { path, command, folder: directory });
  }
  return [...sources.values()];
}

/**
 * Looks whether sources compile, without making anything of them: what the compiler says, for each
 * that does not. `change` makes another command of the build's.
 */
export async function complaintsOf(
  sources: readonly Source[],
  change: (command: string) => string,
): Promise<readonly string[]> {
  const complaints: string[] = [];
  const waiting = [...sources];
  const work = async () => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      const said = await compile(change(source.command), source.folder);
      if (said !== undefined) complaints.push(`${source.path}: ${said}`);
    }
  };
  await Promise.all([work(), work()]);
  return complaints;
}

/** Undefined, or what is wrong. */
async function compile(command: string, cwd: string): Promise<string | undefined> {
  const checking = command.replace(/ -o \S+/, ' -fsyntax-only');
  try {
    await promisify(execFile)('/bin/sh', ['-c', checking], { cwd });
    return undefined;
  } catch (error) {
    return String((error as { stderr?: string }).stderr ?? error).slice(0, 2000);
  }
}
