/**
 * LiquidJS as pages get it: without what reads files by itself, evaluates texts, or takes the
 * marks off what came from a visitor.
 */

import { filters as builtInFilters, type Context, defaultOperators, Liquid } from 'liquidjs';
import { keepingMarks, unmarked } from './marks.ts';
import { IncludeTag, RenderTag } from './partial-tags.ts';
import { plain } from './visitor-text.ts';

/** Tags that read files, or make plain text of what held a visitor's. */
const TAGS_LEFT_OUT = ['layout', 'block', 'capture'];
/** Filters that evaluate their argument as a template's expression. */
const FILTERS_LEFT_OUT = [
  'where_exp',
  'reject_exp',
  'find_exp',
  'find_index_exp',
  'has_exp',
  'group_by_exp',
];

/** Characters of a template, milliseconds of rendering, and elements that loops may make. */
const LIMITS = { parseLimit: 2_000_000, renderLimit: 500, memoryLimit: 4_000_000 };

const COMPARISONS = ['==', '!=', '>', '<', '>=', '<='];

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

export function createLiquid(): Liquid {
  const { contains } = defaultOperators;
  if (contains === undefined) throw new TypeError('LiquidJS has no operator "contains"');
  const liquid = new Liquid({
    ...LIMITS,
    strictFilters: true,
    ownPropertyOnly: true,
    cache: false,
    relativeReference: false,
    operators: {
      ...defaultOperators,
      ...Object.fromEntries(COMPARISONS.map((name) => [name, comparingText(name)])),
      contains: (left: unknown, right: unknown, context: Context) =>
        contains(unmarked(left), unmarked(right), context),
    },
    fs: noFiles,
  });
  for (const tag of TAGS_LEFT_OUT) delete liquid.tags[tag];
  liquid.registerTag('include', IncludeTag);
  liquid.registerTag('render', RenderTag);
  for (const [name, filter] of Object.entries(builtInFilters)) {
    if (FILTERS_LEFT_OUT.includes(name)) liquid.unregisterFilter(name);
    else liquid.registerFilter(name, keepingMarks(filter));
  }
  liquid.registerFilter('url_decode', keepingMarks(decodeUrl));
  return liquid;
}

/** A comparison of texts as they are: "10" is more than 5, and '' is blank. It gives no text away. */
function comparingText(name: string) {
  const compare = defaultOperators[name];
  if (compare === undefined) throw new TypeError(`LiquidJS has no operator "${name}"`);
  return (left: unknown, right: unknown, context: Context) =>
    compare(plain(left), plain(right), context);
}

/** A visitor may send anything: what is no code of a URL stays as it is, and the page goes on. */
function decodeUrl(value: unknown): string {
  const text = Array.isArray(value) ? value.join('') : String(value ?? '');
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
