/** Which kind of form a Content-Type names. */

import { MuseError } from '../errors.ts';

export interface FormType {
  readonly kind: 'urlencoded' | 'multipart' | 'json';
  /** As it was sent, with its parameters. */
  readonly text: string;
}

const KINDS: ReadonlyMap<string, FormType['kind']> = new Map([
  ['application/x-www-form-urlencoded', 'urlencoded'],
  ['multipart/form-data', 'multipart'],
  ['application/json', 'json'],
]);

/** @throws {MuseError} `form-type` for what is no form, or not in UTF-8. */
export function formTypeOf(request: {
  readonly file: string;
  readonly bodyType: string | undefined;
  readonly bodyCoding: string | undefined;
}): FormType {
  const text = request.bodyType ?? '';
  const [type = '', ...parameters] = text.split(';');
  const kind = KINDS.get(type.trim().toLowerCase());
  const refuse = (why: string): MuseError =>
    new MuseError('form-type', `${request.file}: ${why}; send ${[...KINDS.keys()].join(', ')}`);
  if (kind === undefined) throw refuse('what was sent has not the Content-Type of a form');
  const { bodyCoding = 'identity' } = request;
  if (bodyCoding.toLowerCase() !== 'identity') {
    throw refuse('what was sent is compressed, and httpd has no filter that undoes it');
  }
  const charset = parameters.find((each) => /^\s*charset\s*=/i.test(each));
  if (charset !== undefined && !/=\s*"?(?:utf-?8|us-ascii)"?\s*$/i.test(charset)) {
    throw refuse('what was sent is not in UTF-8');
  }
  return { kind, text };
}
