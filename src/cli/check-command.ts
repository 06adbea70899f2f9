/** `muse check`: finds what is wrong with models.json, prompts and pages before visitors do. */

import { closeSync, openSync, readSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { systemClock } from '../clock.ts';
import { MuseError } from '../errors.ts';
import { systemFiles } from '../files.ts';
import { candidates, PromptStore } from '../pages/prompts.ts';
import { checkModels } from './check-models.ts';
import { checkPage } from './check-page.ts';
import { type Call, type Command, DONE, FAILED } from './command.ts';
import { findPages } from './find-pages.ts';
import { findModels, modelsOption } from './models-path.ts';
import type { Output } from './output.ts';
import { type Problem, placeOf, problemIn } from './problems.ts';

export const checkCommand: Command = {
  name: 'check',
  summary: 'finds what is wrong with models.json, prompts and pages',
  takes: '[PATH…]',
  least: 0,
  most: 10_000,
  completes: 'files',
  options: [
    modelsOption,
    { name: 'prompts', value: 'DIR', help: 'as MuseAiPromptsDir, for what pages include' },
    { name: 'strict', help: 'count warnings as errors' },
  ],
  details:
    'PATH is a page, a prompt, a models.json or a folder; by default this folder, with models.json.\n' +
    'The exit status is 1 if there is an error. A variable of models.json that is not set here is a\n' +
    'warning: httpd has an environment of its own.',
  async run(call) {
    const { output, options } = call;
    const checked = await check(call);
    const { problems } = checked;
    const errors = problems.filter(({ severity }) => severity === 'error' || options.has('strict'));
    output.json({ ok: errors.length === 0, ...checked });
    for (const problem of problems) output.line(lineOf(problem, output));
    const count = checked.files === 1 ? '1 file' : `${checked.files} files`;
    output.line(`${count} checked: ${counted(problems)}`);
    return errors.length === 0 ? DONE : FAILED;
  },
};

/** Names of prompts that all pages share: these are not pages. */
const PROMPTS: ReadonlySet<string> = new Set(
  ['system_prompt', 'layout'].flatMap((name) => candidates(name, true)),
);

async function check({ words, options, environment }: Call) {
  const paths = words.length === 0 ? ['.'] : words;
  const named = paths.filter((path) => path.endsWith('.json'));
  const found = findModels(options);
  const models = named.length === 0 && found !== undefined ? [found] : named;
  const checked = await Promise.all(models.map((file) => checkModels(resolve(file), environment)));
  const problems = checked.flatMap((each) => each.problems);
  const promptsDir = options.text('prompts');
  const surroundings = {
    registry: checked.at(-1)?.registry,
    promptsDir: promptsDir && resolve(promptsDir),
  };
  const unreadable = (path: string, why: string): void => {
    problems.push(problemIn(path, why));
  };
  const files = paths
    .filter((path) => !path.endsWith('.json'))
    .flatMap((path) => findPages(resolve(path), unreadable))
    .filter((file) => !isIllustrator(file));
  for (const file of files) {
    const isPrompt = PROMPTS.has(basename(file));
    problems.push(...(isPrompt ? await checkPrompt(file) : await checkPage(file, surroundings)));
  }
  return { files: models.length + files.length, problems: unique(problems) };
}

/** What several pages include is told of once. Files below this folder are named from it. */
function unique(problems: readonly Problem[]): Problem[] {
  const told = new Map<string, Problem>();
  for (const problem of problems) {
    const name = relative(process.cwd(), problem.file);
    const file = name.startsWith('..') ? problem.file : name;
    const named = { ...problem, file };
    told.set(`${placeOf(named)} ${named.field} ${named.message}`, named);
  }
  return [...told.values()];
}

/** A prompt as the engine reads it: its folder, with what takes its place if it is a short one. */
async function checkPrompt(file: string): Promise<Problem[]> {
  const only = { ...systemFiles, mark: markOf(file) };
  const prompts = new PromptStore({
    files: only,
    clock: systemClock,
    log: { write: () => {} },
    onFolder: () => undefined,
  });
  try {
    await prompts.read(dirname(file), true);
    return [];
  } catch (thrown) {
    return [problemIn(file, MuseError.from(thrown).message)];
  }
}

/** Only that file is there. */
function markOf(file: string): typeof systemFiles.mark {
  return async (path) => (path === file ? systemFiles.mark(path) : undefined);
}

/** Files of Adobe Illustrator have the same suffix, and are none of ours. */
function isIllustrator(file: string): boolean {
  const start = Buffer.alloc(5);
  try {
    const descriptor = openSync(file, 'r');
    readSync(descriptor, start);
    closeSync(descriptor);
  } catch {
    return false; // what can't be read is told of as a page
  }
  return /^(?:%PDF-|%!PS)/.test(start.toString('latin1'));
}

function lineOf(problem: Problem, output: Output): string {
  const { severity, field, message } = problem;
  const word =
    severity === 'error' ? output.style('red', 'error') : output.style('yellow', 'warning');
  const about = field === undefined ? '' : `${field}: `;
  return `${output.style('bold', placeOf(problem))}: ${word}: ${about}${message}`;
}

function counted(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  const words = (count: number, word: string): string =>
    `${count} ${word}${count === 1 ? '' : 's'}`;
  return `${words(errors, 'error')}, ${words(warnings, 'warning')}`;
}
