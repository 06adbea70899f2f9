/** What is wrong with a template, told with file and line and without its text. */

import { LiquidError } from 'liquidjs';
import { MuseError, messageOf } from '../errors.ts';

/** The files that a page's template is made of, with the line on which each one's prompt begins. */
export type Lines = Map<string, number>;

const NAME_OR_SIGN = /^(?:\w{1,40}|[|=])$/;
const NOT_CLOSED = ' not closed';

/** `line` counts from 1 in the prompt of `file`. */
export function placeOf(lines: Lines, file: string, line: number): string {
  return `${file}:${(lines.get(file) ?? 1) + line - 1}`;
}

/** Runs `action`; an error of LiquidJS becomes one that names file and line. */
export function located<T>(page: string, lines: Lines, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof MuseError) throw cause;
    let where = page;
    if (LiquidError.is(cause)) {
      const [line = 1] = cause.token.getPosition();
      where = placeOf(lines, cause.token.file ?? page, line);
    }
    throw new MuseError('page-template', `${where}: ${withoutText(messageOf(cause))}`, { cause });
  }
}

/** What LiquidJS says, without what it repeats of the page: names stay, longer texts go. */
function withoutText(message: string): string {
  const [first = ''] = message.split('\n', 1);
  const told = first.replace(/, (?:file:.*, )?line:\d+, col:\d+$/, '');
  // Behind the page's text, which may be all that the message has before it.
  if (told.endsWith(NOT_CLOSED)) {
    return `${withoutText(told.slice(0, -NOT_CLOSED.length))} is${NOT_CLOSED}`;
  }
  const clean = told
    .replace(/"?\{\{.*/, '{{ … }}')
    .replace(/"?\{%-?\s*(\w*).*/, '{% $1 … %}')
    .replace(/^(illegal tag|unexpected (?:character|token)|invalid value expression).*/, '$1')
    .replace(/"([^"]*)"/g, (quote, text: string) => (NAME_OR_SIGN.test(text) ? quote : '"…"'));
  const quotes = clean.split('"').length - 1;
  return quotes % 2 === 0 ? clean : clean.slice(0, clean.lastIndexOf('"'));
}
