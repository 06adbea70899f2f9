/** The front matter of a page: YAML between two lines of three hyphens. */

import { z } from 'zod';
import { MuseError } from '../errors.ts';
import { LocatedError, parseLocated } from '../located.ts';
import { isHtml, isUtf8 } from '../media-type.ts';

const oneLine = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'must be one line');

const fieldName = z.string().min(1).max(200);
const stopText = z.string().min(1).max(200);

const fields = z.strictObject({
  model: oneLine.optional(),
  ttl: z.int().min(0).max(31_536_000).optional(),
  stale: z.int().min(0).max(31_536_000).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  max_tokens: z.int().min(0).max(200_000).optional(),
  stop: z
    .union([stopText, z.array(stopText).min(1).max(4)], 'must be a text, or 1 to 4 texts')
    .optional(),
  vary: z.union([fieldName, z.array(fieldName).max(100)], 'must be the names of fields').optional(),
  cache_post: z.boolean().optional(),
  content_type: oneLine
    .regex(
      /^[\w.+-]+\/[\w.+-]+(?:\s*;\s*[\w.+-]+=(?:[\w.+-]+|"[^"\\]*"))*$/,
      'must be a media type, such as text/plain',
    )
    .refine(isUtf8, 'what is written is UTF-8; leave charset out')
    .optional(),
  render: z.enum(['markdown']).optional(),
  lang: oneLine
    .regex(
      /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/,
      'must be a language tag, such as "de" or "pt-BR"',
    )
    .optional(),
  title: oneLine.optional(),
});

/** Every field there is. What of it changes the answer is in the content key: see job.ts. */
export const frontMatterSchema = fields.superRefine(
  ({ content_type: contentType, render }, context) => {
    if (render === undefined || contentType === undefined || isHtml(contentType)) return;
    const message = 'what is rendered from Markdown is text/html; leave content_type out';
    context.addIssue({ code: 'custom', path: ['render'], message });
  },
);

export type FrontMatter = Readonly<z.output<typeof frontMatterSchema>>;

const FENCE = /^---[ \t]*$/;

/** The text of a `.ai` file, its front matter apart from its prompt. */
export interface Page {
  readonly file: string;
  readonly settings: FrontMatter;
  /** The prompt: a Liquid template. */
  readonly template: string;
  /** Line of the file on which the template begins, from 1. */
  readonly templateLine: number;
}

/**
 * Splits `text` into front matter and template. A page that does not begin with `---` has none.
 *
 * @throws {MuseError} `page-front-matter` with file, line and field.
 */
export function splitFrontMatter(file: string, text: string): Page {
  const lines = text.split(/\r?\n/);
  if (!FENCE.test(lines[0] ?? '')) return { file, settings: {}, template: text, templateLine: 1 };
  const end = lines.findIndex((line, i) => i > 0 && FENCE.test(line));
  if (end < 0) {
    throw new MuseError(
      'page-front-matter',
      `${file}:1: the front matter has no end; close it with a line "---"`,
    );
  }
  return {
    file,
    settings: parse(file, lines.slice(1, end).join('\n')),
    template: lines.slice(end + 1).join('\n'),
    templateLine: end + 2,
  };
}

function parse(file: string, yaml: string): FrontMatter {
  if (yaml.replace(/^\s*#.*$/gm, '').trim() === '') return {};
  try {
    return Object.freeze(parseLocated(yaml, frontMatterSchema, { format: 'yaml', lineOffset: 1 }));
  } catch (cause) {
    if (!(cause instanceof LocatedError)) throw cause;
    throw new MuseError('page-front-matter', cause.in(file), { cause });
  }
}
