/** Fields of a query or a form, as they come and as a template gets them. */

import { counted } from './marks.ts';
import { VisitorText, visitorObject } from './visitor-text.ts';

/** What a visitor sent as one value; numbers, truth values and null only JSON has. */
export type Scalar = string | number | boolean | null;

/** In their order; of two with one name the first counts. */
export type Fields = Iterable<readonly [name: string, value: Scalar | readonly Scalar[]]>;

/** The fields for a template: texts marked as a visitor's, what else there is can say nothing. */
export function fieldsOf(fields: Fields): Readonly<Record<string, unknown>> {
  return visitorObject(
    [...fields].map(([name, value]) => {
      const mark = (each: Scalar): unknown =>
        typeof each === 'string' ? new VisitorText(each, name) : counted(each);
      return [name, isList(value) ? value.map(mark) : mark(value)];
    }),
  );
}

/** Those of `fields` that the page depends on; `names` undefined: all. */
export function fieldsThatCount(
  fields: Fields,
  names: string | readonly string[] | undefined,
): Fields {
  if (names === undefined) return fields;
  const counting = new Set([names].flat());
  return [...fields].filter(([name]) => counting.has(name));
}

function isList(value: Scalar | readonly Scalar[]): value is readonly Scalar[] {
  return Array.isArray(value);
}
