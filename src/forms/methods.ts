/** Which methods a page takes: POST where its prompt does something with a form. */

import { MuseError } from '../errors.ts';
import type { Reply } from '../exchange.ts';
import type { ParsedPage } from '../pages/page-store.ts';

export function methodsOf({ template }: ParsedPage): string {
  return template.usesForm ? 'GET, HEAD, POST, OPTIONS' : 'GET, HEAD, OPTIONS';
}

/**
 * Answers what does not ask for a page itself. True: it has.
 *
 * @throws {MuseError} `method-refused` for a method that the page does not take.
 */
export function answerMethod(method: string, page: ParsedPage, reply: Reply): boolean {
  const allow = methodsOf(page);
  if (method === 'OPTIONS') {
    reply.head(200, [
      ['Allow', allow],
      ['Content-Length', '0'],
    ]);
    reply.end('whole');
    return true;
  }
  if (allow.split(', ').includes(method)) return false;
  const { file } = page.page;
  const why = method === 'POST' ? 'its prompt does not use "form"' : `it takes ${allow}`;
  throw new MuseError('method-refused', `${file} is asked for with ${method}: ${why}`, { allow });
}
