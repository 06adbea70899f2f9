/** Links into a page's template what it includes, and what that includes. */

import { type Liquid, type Template, toValueSync } from 'liquidjs';
import { MuseError } from '../errors.ts';
import { type Page, splitFrontMatter } from './front-matter.ts';
import { type IncludeFiles, IncludeProblem } from './include-files.ts';
import { decodePage } from './page.ts';
import { PartialTag } from './partial-tags.ts';
import { type Lines, placeOf } from './template-errors.ts';

const DEPTH_MAX = 16;

export class Includes {
  readonly #liquid: Liquid;
  readonly #files: IncludeFiles | undefined;
  readonly #lines: Lines;
  readonly #parsed = new Map<string, Template[]>();

  /** Without `files` nothing can be included. */
  constructor(liquid: Liquid, files: IncludeFiles | undefined, lines: Lines) {
    this.#liquid = liquid;
    this.#files = files;
    this.#lines = lines;
  }

  /**
   * The templates of `page`, whole.
   *
   * @throws {MuseError} `page-include` for a file that is not to be had; what LiquidJS throws.
   */
  parse(page: Page): Template[] {
    return this.#parse(page, [page.file]);
  }

  /** `way`: the files from the page to this one. */
  #parse(page: Page, way: readonly string[]): Template[] {
    this.#lines.set(page.file, page.templateLine);
    const templates = this.#liquid.parse(page.template, page.file);
    for (const tag of partialsIn(templates)) tag.templates = this.#link(tag, page.file, way);
    return templates;
  }

  #link(tag: PartialTag, from: string, way: readonly string[]): Template[] {
    const [line = 1] = tag.token.getPosition();
    const refuse = (why: string): MuseError => {
      const where = placeOf(this.#lines, from, line);
      return new MuseError('page-include', `${where}: ${tag.name} "${tag.partial}": ${why}`);
    };
    try {
      if (this.#files === undefined) throw new IncludeProblem('nothing can be included here');
      const { file, bytes } = this.#files.read(tag.partial);
      if (way.includes(file)) throw new IncludeProblem('it includes itself in the end');
      if (way.length >= DEPTH_MAX) {
        throw new IncludeProblem(`files include each other up to ${DEPTH_MAX} deep`);
      }
      const known = this.#parsed.get(file);
      if (known !== undefined) return known;
      // Where it is a page itself, it has settings: those are for that page.
      const included = splitFrontMatter(file, decodePage(file, bytes));
      const templates = this.#parse(included, [...way, file]);
      this.#parsed.set(file, templates);
      return templates;
    } catch (error) {
      if (error instanceof IncludeProblem) throw refuse(error.message);
      throw error;
    }
  }
}

/** The tags that name a file, however deep in others they stand. */
function partialsIn(templates: readonly Template[]): PartialTag[] {
  return templates.flatMap((template): PartialTag[] => {
    if (template instanceof PartialTag) return [template];
    const inner = template.children?.(false, true);
    return inner === undefined ? [] : partialsIn(toValueSync(inner) as Template[]);
  });
}
