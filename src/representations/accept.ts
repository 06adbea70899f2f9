/** Which of two media types a client would rather have: the Accept header (RFC 9110, 12.5.1). */

import { readParameter, splitOutsideQuotes } from '../header-fields.ts';

export const EVENT_STREAM = 'text/event-stream';

interface MediaType {
  /** `text/html`, `text/*` or the range of all, in small letters. */
  readonly name: string;
  /** In small letters, less `q`. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Events are UTF-8, whether that is said or not. */
const EVENTS: MediaType = { name: EVENT_STREAM, parameters: new Map([['charset', 'utf-8']]) };

interface Range extends MediaType {
  readonly quality: number;
}

/**
 * Whether events are preferred to a page of the type `contentType`. They have to be named and
 * weigh more than the page: no wildcard, such as any browser sends, makes events of a page.
 */
export function prefersEvents(accept: string | undefined, contentType: string): boolean {
  if (accept === undefined) return false;
  const ranges = splitOutsideQuotes(accept, ',').map(readRange);
  if (!ranges.some(({ name }) => name === EVENT_STREAM)) return false;
  return qualityOf(EVENTS, ranges) > qualityOf(readType(contentType), ranges);
}

/** The weight of the most specific range that a type falls under; 0 if it falls under none. */
function qualityOf(type: MediaType, ranges: readonly Range[]): number {
  let [quality, specificity] = [0, -1];
  for (const range of ranges) {
    const specific = specificityOf(range, type);
    if (specific === undefined || specific <= specificity) continue;
    [quality, specificity] = [range.quality, specific];
  }
  return quality;
}

/** How much of `type` a range names; undefined: the type is not in that range. */
function specificityOf(range: Range, type: MediaType): number | undefined {
  for (const [name, value] of range.parameters) {
    if (type.parameters.get(name) !== value) return undefined;
  }
  if (range.name === type.name) return 2 + range.parameters.size;
  if (range.name === `${type.name.split('/')[0]}/*`) return 1;
  return range.name === '*/*' ? 0 : undefined;
}

function readType(text: string): MediaType {
  const [name = '', ...parameters] = splitOutsideQuotes(text, ';');
  return {
    name: name.trim().toLowerCase(),
    parameters: new Map(
      parameters.map(readParameter).map(([key, value]) => [key, value.toLowerCase()]),
    ),
  };
}

function readRange(text: string): Range {
  const { name, parameters } = readType(text);
  const own = new Map(parameters);
  const weight = own.get('q');
  own.delete('q');
  return { name, parameters: own, quality: weight === undefined ? 1 : readWeight(weight) };
}

/** 0 to 1 with three decimals at most. What is no weight counts as one of 0. */
function readWeight(text: string): number {
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
