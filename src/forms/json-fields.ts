/** A JSON object as fields of a form. */

import { MuseError } from '../errors.ts';
import type { Scalar } from '../pages/fields.ts';
import { decodeUtf8 } from '../utf8.ts';

type Value = Scalar | readonly Scalar[];

/** @throws {MuseError} `form-unreadable` for anything but an object of scalars and lists of them. */
export function fieldsOfJson(bytes: Buffer, file: string): [string, Value][] {
  const value = parse(bytes, file);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unreadable(file, 'the JSON that was sent is no object');
  }
  return Object.entries(value).map(([name, each]) => {
    if (isScalar(each) || (Array.isArray(each) && each.every(isScalar))) return [name, each];
    throw unreadable(
      file,
      'in the JSON that was sent a field is no text or number, nor a list of them',
    );
  });
}

function parse(bytes: Buffer, file: string): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes));
  } catch (cause) {
    // Not what the parser says: it quotes the visitor.
    throw unreadable(file, 'what was sent is no JSON in UTF-8', cause);
  }
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function unreadable(file: string, why: string, cause?: unknown): MuseError {
  return new MuseError('form-unreadable', `${file}: ${why}`, { cause });
}
