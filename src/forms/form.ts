/** The fields of a form that was sent: by a browser in one of its two ways, or as JSON. */

import { MuseError } from '../errors.ts';
import type { Fields, Scalar } from '../pages/fields.ts';
import { readBody } from './body.ts';
import { fieldsOfJson } from './json-fields.ts';
import { type FormType, formTypeOf } from './media-type.ts';
import { fieldsOfMultipart } from './multipart-fields.ts';

/** What is needed of a request. */
export interface FormRequest {
  readonly file: string;
  readonly method: string;
  readonly bodyType: string | undefined;
  readonly bodyCoding: string | undefined;
}

type Value = Scalar | readonly Scalar[];

const FIELDS_MAX = 1_000;

/**
 * The fields that `body` brings, none where it is no POST.
 *
 * @throws {MuseError} `form-type`, `form-unreadable` or `input-too-large`; the reason of an abort.
 */
export async function readForm(
  request: FormRequest,
  body: AsyncIterable<Uint8Array>,
): Promise<Fields> {
  if (request.method !== 'POST') return [];
  const type = formTypeOf(request);
  return gather(await parse(type, await readBody(request.file, body), request), request.file);
}

async function parse(
  type: FormType,
  bytes: Buffer,
  request: FormRequest,
): Promise<Iterable<readonly [string, Value]>> {
  switch (type.kind) {
    case 'urlencoded':
      return new URLSearchParams(bytes.toString());
    case 'multipart':
      return fieldsOfMultipart(type.text, bytes, request.file);
    case 'json':
      return fieldsOfJson(bytes, request.file);
  }
}

/**
 * A name that comes more than once, as checkboxes do, has a list of values. Each of them counts: a
 * list of all that a body can hold would keep the engine busy for hours.
 */
function gather(
  fields: Iterable<readonly [string, Value]>,
  file: string,
): ReadonlyMap<string, Value> {
  const named = new Map<string, Value>();
  let count = 0;
  for (const [name, value] of fields) {
    count += Array.isArray(value) ? Math.max(1, value.length) : 1;
    if (count > FIELDS_MAX) {
      throw new MuseError('form-unreadable', `${file}: a form with over ${FIELDS_MAX} fields`);
    }
    const before = named.get(name);
    named.set(name, before === undefined ? value : ([before, value].flat() as Scalar[]));
  }
  return named;
}
