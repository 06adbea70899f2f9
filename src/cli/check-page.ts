/** Every mistake in a page that can be known before it is asked for. */

import { systemClock } from '../clock.ts';
import { MuseError } from '../errors.ts';
import { type Files, systemFiles } from '../files.ts';
import { LocatedError } from '../located.ts';
import type { Registry } from '../models/registry.ts';
import { PageStore, type ParsedPage } from '../pages/page-store.ts';
import { didYouMean } from '../suggest.ts';
import { type Problem, problemIn } from './problems.ts';

export interface PageSurroundings {
  /** The models that pages may name; undefined: nothing is known of them. */
  readonly registry: Registry | undefined;
  /** As MuseAiPromptsDir. */
  readonly promptsDir: string | undefined;
}

export async function checkPage(
  file: string,
  { registry, promptsDir }: PageSurroundings,
): Promise<Problem[]> {
  const { page, problems } = await read(file, promptsDir, systemFiles);
  if (page !== undefined) {
    return [...modelProblems(page, registry), ...(await renderProblems(page))];
  }
  if (!problems.some(({ field }) => field !== undefined)) return problems;
  // With the front matter out of the way, what comes after it is checked, too.
  const rest = await read(file, promptsDir, withoutFrontMatter);
  return [
    ...problems,
    ...(rest.page === undefined ? rest.problems : await renderProblems(rest.page)),
  ];
}

interface Read {
  readonly page: ParsedPage | undefined;
  readonly problems: Problem[];
}

async function read(file: string, promptsDir: string | undefined, files: Files): Promise<Read> {
  try {
    const pages = new PageStore({ files, clock: systemClock });
    return { page: await pages.read(file, promptsDir), problems: [] };
  } catch (thrown) {
    return { page: undefined, problems: problemsOf(file, thrown) };
  }
}

function problemsOf(file: string, thrown: unknown): Problem[] {
  const error = MuseError.from(thrown);
  if (!(error.cause instanceof LocatedError)) return [problemIn(file, error.message)];
  return error.cause.problems.map(({ line, column, path, message }) => ({
    ...{ file, line, column, message, severity: 'error' as const },
    field: path,
  }));
}

/** Files whose front matter is blank, on as many lines. */
const withoutFrontMatter: Files = {
  ...systemFiles,
  async read(path, limit) {
    const text = (await systemFiles.read(path, limit)).toString();
    const [, matter = ''] = /^---[ \t]*\r?\n(.*?)^---[ \t]*\r?$/ms.exec(text) ?? [];
    return Buffer.from(text.replace(matter, '\n'.repeat(matter.split('\n').length - 1)));
  },
};

/** The engine would take the default model, and tell it in the log only. */
function modelProblems({ page }: ParsedPage, registry: Registry | undefined): Problem[] {
  const { model } = page.settings;
  if (model === undefined || registry === undefined || registry.models.has(model)) return [];
  const names = [...registry.models.keys()];
  const message = `there is no model "${model}"; there are: ${names.join(', ')}.`;
  return [{ ...problemIn(page.file, `${message}${didYouMean(model, names)}`), field: 'model' }];
}

/** What only shows when the template is rendered: here for a visitor who sends nothing. */
async function renderProblems({ page, template }: ParsedPage): Promise<Problem[]> {
  if (page.template.trim() === '') {
    return [problemIn(page.file, 'is empty: write into it what the page shall be about')];
  }
  try {
    template.render({ query: [], form: [], path: '/', lang: '', model: '', env: new Map() });
    return [];
  } catch (thrown) {
    return problemsOf(page.file, thrown);
  }
}
