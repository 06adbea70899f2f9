/**
 * LiquidJS for prompts, with a hold on what came from a visitor.
 *
 * A template may use query, path, lang, model and env, and nothing else: a page depends on what is
 * in its key. Tags that could tear the delimiters of a visitor's text apart, or read files, are
 * not there. Every filter that is given a visitor's text gives one back.
 */

import {
  filters as builtInFilters,
  type Context,
  defaultOperators,
  Liquid,
  LiquidError,
  type Template,
} from 'liquidjs';
import { MuseError, messageOf } from '../errors.ts';
import { didYouMean } from '../suggest.ts';
import { keepingMarks, unmarked } from './marks.ts';
import type { Page } from './page.ts';
import { VisitorText, visitorObject } from './visitor-text.ts';

/** What a template can name. */
export interface TemplateValues {
  readonly query: Iterable<readonly [string, string]>;
  readonly path: string;
  readonly lang: string;
  readonly model: string;
  readonly env: ReadonlyMap<string, string>;
}

/** A parsed page, to be rendered for any number of requests. */
export interface PageTemplate {
  /** @throws {MuseError} `page-template`. */
  render(values: TemplateValues): string;
}

const NAMES = ['query', 'path', 'lang', 'model', 'env'] as const satisfies (keyof TemplateValues)[];

/** Tags that read files, or make plain text of what held a visitor's. */
const TAGS_LEFT_OUT = ['include', 'render', 'layout', 'block', 'capture'];
/** Filters that evaluate their argument as a template's expression. */
const FILTERS_LEFT_OUT = [
  'where_exp',
  'reject_exp',
  'find_exp',
  'find_index_exp',
  'has_exp',
  'group_by_exp',
];

const NAME_OR_SIGN = /^(?:\w{1,40}|[|=])$/;
const LIMITS = { parseLimit: 2_000_000, renderLimit: 500, memoryLimit: 4_000_000 };

const noFiles = {
  exists: async () => false,
  existsSync: () => false,
  contains: async () => false,
  containsSync: () => false,
  readFile: (path: string) => Promise.reject(new Error(`a page reads no file: ${path}`)),
  readFileSync: (path: string): string => {
    throw new Error(`a page reads no file: ${path}`);
  },
  resolve: (_root: string, file: string) => file,
};

const liquid = createLiquid();

/**
 * Parses a page's template.
 *
 * @throws {MuseError} `page-template` for a mistake in it, or a name that is not there.
 */
export function parseTemplate(page: Page): PageTemplate {
  const templates = located(page, () => {
    const parsed = liquid.parse(page.template);
    checkNames(page, parsed);
    return parsed;
  });
  return {
    render(values) {
      const scope = {
        query: visitorObject(
          [...values.query].map(([name, value]) => [name, new VisitorText(value, name)]),
        ),
        path: new VisitorText(values.path, 'path'),
        lang: values.lang,
        model: values.model,
        env: Object.fromEntries(values.env),
      };
      return located(page, () => String(liquid.renderSync(templates, scope)));
    },
  };
}

function createLiquid(): Liquid {
  const { contains } = defaultOperators;
  if (contains === undefined) throw new TypeError('LiquidJS has no operator "contains"');
  const engine = new Liquid({
    ...LIMITS,
    strictFilters: true,
    ownPropertyOnly: true,
    cache: false,
    relativeReference: false,
    operators: {
      ...defaultOperators,
      contains: (left: unknown, right: unknown, context: Context) =>
        contains(unmarked(left), unmarked(right), context),
    },
    fs: noFiles,
  });
  for (const tag of TAGS_LEFT_OUT) delete engine.tags[tag];
  for (const [name, filter] of Object.entries(builtInFilters)) {
    if (FILTERS_LEFT_OUT.includes(name)) engine.unregisterFilter(name);
    else engine.registerFilter(name, keepingMarks(filter));
  }
  return engine;
}

function checkNames(page: Page, templates: Template[]): void {
  for (const name of liquid.globalVariablesSync(templates)) {
    if (NAMES.some((known) => known === name)) continue;
    const line = page.template.slice(0, page.template.indexOf(name)).split('\n').length;
    throw new MuseError(
      'page-template',
      `${page.file}:${page.templateLine + line - 1}: there is no "${name}" for a page; ` +
        `there are ${NAMES.join(', ')}.${didYouMean(name, NAMES)}`,
    );
  }
}

/** Runs `action`; an error of LiquidJS becomes one that names the page's file and line. */
function located<T>(page: Page, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof MuseError) throw cause;
    let where = page.file;
    if (LiquidError.is(cause)) {
      const [line = 1] = cause.token.getPosition();
      where += `:${page.templateLine + line - 1}`;
    }
    throw new MuseError('page-template', `${where}: ${withoutText(messageOf(cause))}`, { cause });
  }
}

/** What LiquidJS says, without what it repeats of the page: names stay, longer texts go. */
function withoutText(message: string): string {
  const [first = ''] = message.split('\n', 1);
  const clean = first
    .replace(/, line:\d+, col:\d+$/, '')
    .replace(/"?\{\{.*/, '{{ … }}')
    .replace(/\{%-?\s*(\w*).*/, '{% $1 … %}')
    .replace(/^(illegal tag|unexpected (?:character|token)|invalid value expression).*/, '$1')
    .replace(/"([^"]*)"/g, (quote, text: string) => (NAME_OR_SIGN.test(text) ? quote : '"…"'));
  const quotes = clean.split('"').length - 1;
  return quotes % 2 === 0 ? clean : clean.slice(0, clean.lastIndexOf('"'));
}
