/**
 * JSON and YAML that remember where each value stands, so that an error can name the line.
 */

import { type Document, isMap, isNode, isPair, LineCounter, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { findJsonMistake } from './json-mistake.ts';
import { didYouMean } from './suggest.ts';

/** Where in a file, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong, for a person who has the file open. */
export interface Problem extends Position {
  /** `models[2].temperature`; empty for the whole document. */
  readonly path: string;
  readonly message: string;
}

/** A text that is no JSON or YAML, or not what its schema asks for. Holds at least one problem. */
export class LocatedError extends Error {
  override readonly name = 'LocatedError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map((each) => describe('', each)).join('; '));
    this.problems = problems;
  }

  /** One line for each problem: `/etc/models.json:12:5: models[2].ttl: …`. */
  in(file: string): string {
    return this.problems.map((each) => describe(file, each)).join('; ');
  }
}

export interface ParseOptions {
  readonly format: 'json' | 'yaml';
  /** Added to every line number: where the text begins in its file. */
  readonly lineOffset?: number;
}

/**
 * Parses `text` and checks it against `schema`.
 *
 * @throws {LocatedError} with every problem found.
 */
export function parseLocated<T extends z.ZodType>(
  text: string,
  schema: T,
  options: ParseOptions,
): z.output<T> {
  const offset = options.lineOffset ?? 0;
  const strict = options.format === 'json' ? parseStrictJson(text) : undefined;
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    logLevel: 'silent',
  });
  const mistakes = syntaxMistakes(document, strict !== undefined);
  if (mistakes.length > 0) {
    throw new LocatedError(
      mistakes.map(({ at, message }) => {
        const { line, col } = lines.linePos(at);
        return { path: '', message, line: line + offset, column: col };
      }),
    );
  }
  const parsed = schema.safeParse(strict === undefined ? document.toJS() : strict.value);
  if (parsed.success) return parsed.data;
  throw new LocatedError(
    parsed.error.issues.flatMap((issue) => toProblems(issue, schema, document, lines, offset)),
  );
}

/** What the parser of YAML objects to; of a text that is JSON only fields that stand twice. */
function syntaxMistakes(
  document: Document,
  isJson: boolean,
): { readonly at: number; readonly message: string }[] {
  const found = document.errors.map(({ code, message, pos }) => ({
    code,
    at: pos[0],
    message: code === 'DUPLICATE_KEY' ? 'this field stands here twice' : withoutText(message),
  }));
  if (isJson) return found.filter(({ code }) => code === 'DUPLICATE_KEY');
  visit(document, {
    Alias: (_, { range }) => {
      found.push({ code: 'BAD_ALIAS', at: range?.[0] ?? 0, message: 'an alias has no place here' });
    },
  });
  return found;
}

function parseStrictJson(text: string): { readonly value: unknown } {
  const mistake = findJsonMistake(text);
  if (mistake === undefined) return { value: JSON.parse(text) };
  const before = text.slice(0, mistake.offset);
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  throw new LocatedError([{ path: '', message: `no JSON: ${mistake.message}`, line, column }]);
}

function toProblems(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  document: Document,
  lines: LineCounter,
  offset: number,
): Problem[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  const at = (extra: readonly (string | number)[]): Position => {
    const found = lines.linePos(offsetOf(document, [...path, ...extra]));
    return { line: found.line + offset, column: found.col };
  };
  if (issue.code !== 'unrecognized_keys') {
    const message =
      issue.code === 'invalid_key'
        ? issue.issues.map((each) => each.message).join(', ')
        : issue.message;
    return [{ ...at([]), path: pathText(path), message }];
  }
  const known = fieldsAt(schema, path);
  return issue.keys.map((key) => ({
    ...at([key]),
    path: pathText([...path, key]),
    message: `unknown field "${key}".${didYouMean(key, known)}`,
  }));
}

/** Where the value under `path` begins; of a missing one, where what should hold it begins. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const holder = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(holder)) {
      const pair = holder.items.find((each) => isPair(each) && String(each.key) === String(key));
      if (pair !== undefined && isNode(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

/** The fields that `schema` knows at `path`. */
function fieldsAt(schema: z.ZodType, path: readonly (string | number)[]): string[] {
  let here: unknown = schema;
  for (const step of path) {
    here = unwrap(here);
    if (here instanceof z.ZodObject) here = here.shape[String(step)];
    else if (here instanceof z.ZodArray) here = here.element;
  }
  here = unwrap(here);
  return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}

function unwrap(schema: unknown): unknown {
  let here = schema;
  while (here instanceof z.ZodOptional || here instanceof z.ZodDefault) here = here.unwrap();
  return here;
}

function pathText(path: readonly (string | number)[]): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join('');
}

function describe(file: string, problem: Problem): string {
  const where = `${file === '' ? 'line ' : `${file}:`}${problem.line}:${problem.column}`;
  return `${where}: ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`;
}

/** What the parser says, without what it repeats of the text: that may be a prompt. */
function withoutText(message: string): string {
  const [first = message] = message.split('\n', 1);
  return first.replace(/ at line \d+, column \d+:?$/, '').replace(/(?:: | ?").*$/, '');
}
