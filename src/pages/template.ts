/**
 * A page's template, with a hold on what came from a visitor.
 *
 * It may use query, form, path, lang, model and env, and nothing else: a page depends on what is
 * in its key. Every filter that is given a visitor's text gives one back (see marks.ts).
 */

import { analyzeSync, Context, type Template, toValueSync } from 'liquidjs';
import { MuseError } from '../errors.ts';
import { didYouMean } from '../suggest.ts';
import { type Fields, fieldsOf } from './fields.ts';
import type { Page } from './front-matter.ts';
import type { IncludeFiles } from './include-files.ts';
import { Includes } from './includes.ts';
import { createLiquid } from './liquid.ts';
import { PromptText } from './prompt-text.ts';
import { type Lines, located, placeOf } from './template-errors.ts';
import { VisitorText } from './visitor-text.ts';

/** What a template can name. */
export interface TemplateValues {
  readonly query: Fields;
  readonly form: Fields;
  readonly path: string;
  readonly lang: string;
  readonly model: string;
  readonly env: ReadonlyMap<string, string>;
}

/** A parsed page, to be rendered for any number of requests. */
export interface PageTemplate {
  /** Whether it does anything with what a form brings. */
  readonly usesForm: boolean;
  /** @throws {MuseError} `page-template`. */
  render(values: TemplateValues): string;
}

const NAMES = [
  'query',
  'form',
  'path',
  'lang',
  'model',
  'env',
] as const satisfies (keyof TemplateValues)[];

const liquid = createLiquid();

/**
 * Parses a page's template and the files that it includes.
 *
 * @throws {MuseError} `page-template` for a mistake in it, or a name that is not there;
 *   `page-include` for a file that is not to be had.
 */
export function parseTemplate(page: Page, files?: IncludeFiles): PageTemplate {
  const lines: Lines = new Map();
  const templates = located(page.file, lines, () => new Includes(liquid, files, lines).parse(page));
  const names = located(page.file, lines, () => namesIn(templates, page, lines));
  return {
    usesForm: names.has('form'),
    render(values) {
      const globals = {
        query: fieldsOf(values.query),
        form: fieldsOf(values.form),
        path: new VisitorText(values.path, 'path'),
        lang: values.lang,
        model: values.model,
        env: Object.fromEntries(values.env),
      };
      return located(page.file, lines, () => {
        // As globals, so that a rendered file can name them too.
        const context = new Context({}, liquid.options, { sync: true, globals }, { liquid });
        const prompt = new PromptText();
        toValueSync(liquid.renderer.renderTemplates(templates, context, prompt));
        return prompt.buffer;
      });
    },
  };
}

/** The names that the template has from outside. */
function namesIn(templates: Template[], page: Page, lines: Lines): ReadonlySet<string> {
  const { globals } = analyzeSync(templates, { partials: true });
  for (const [name, uses] of Object.entries(globals)) {
    if (NAMES.some((known) => known === name)) continue;
    const { row = 1, file = page.file } = uses[0]?.location ?? {};
    throw new MuseError(
      'page-template',
      `${placeOf(lines, file, row)}: there is no "${name}" for a page; ` +
        `there are ${NAMES.join(', ')}.${didYouMean(name, NAMES)}`,
    );
  }
  return new Set(Object.keys(globals));
}
