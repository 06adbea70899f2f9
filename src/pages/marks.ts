/** Filters that hand a visitor's mark on: when a visitor's text goes in, one comes out. */

import type { filters } from 'liquidjs';
import { VisitorText, visitorObject } from './visitor-text.ts';

type Filter = (typeof filters)[keyof typeof filters];

/** The same filter; when a visitor's text goes in, a visitor's text comes out. */
export function keepingMarks(filter: Filter) {
  const handler: unknown = typeof filter === 'function' ? filter : filter.handler;
  if (typeof handler !== 'function') throw new TypeError('a filter of LiquidJS has no handler');
  return function (this: unknown, ...given: unknown[]): unknown {
    const label = labelIn(given);
    const self = this;
    return (function* (): Generator<unknown, unknown, unknown> {
      if (label === undefined) return counted(yield handler.apply(self, given));
      return marked(yield handler.apply(self, given.map(unmarked)), label);
    })();
  };
}

/** The label of the first visitor's text in `value`, however deep. */
function labelIn(value: unknown): string | undefined {
  if (value instanceof VisitorText) return value.label;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const each of Object.values(value)) {
    const label = labelIn(each);
    if (label !== undefined) return label;
  }
  return undefined;
}

/** `value` with the bare text of visitors in it: for computing with it only. */
export function unmarked(value: unknown): unknown {
  if (value instanceof VisitorText) return value.text;
  if (Array.isArray(value)) return value.map(unmarked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unmarked(each)]));
}

/**
 * A number that one can be added to: `(a..b)` would go on for ever at one beyond, for there n + 1 is
 * n. Anything else as it is.
 */
export function counted(value: unknown): unknown {
  if (typeof value !== 'number') return value;
  return Math.min(Math.max(value, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

function marked(value: unknown, label: string): unknown {
  if (typeof value === 'string') return new VisitorText(value, label);
  if (typeof value === 'number') return counted(value);
  if (Array.isArray(value)) return value.map((each) => marked(each, label));
  if (typeof value !== 'object' || value === null) return value;
  return visitorObject(Object.entries(value).map(([name, each]) => [name, marked(each, label)]));
}
