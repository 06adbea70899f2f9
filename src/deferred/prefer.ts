/** Whether a client would rather come back for its answer: the Prefer header (RFC 7240). */

import { readParameter, splitOutsideQuotes } from '../header-fields.ts';

export interface Preference {
  readonly respondAsync: boolean;
  /** Seconds for which it would wait for the answer before it is sent away. */
  readonly wait: number;
}

/** Each preference counts where it comes first (section 2). Those of others are passed over. */
export function readPreference(prefer: string | undefined): Preference {
  const found = new Map<string, string>();
  for (const one of prefer === undefined ? [] : splitOutsideQuotes(prefer, ',')) {
    const [name, value] = readParameter(splitOutsideQuotes(one, ';')[0] ?? '');
    if (!found.has(name)) found.set(name, value);
  }
  const wait = found.get('wait') ?? '';
  return {
    respondAsync: found.has('respond-async'),
    wait: /^\d{1,9}$/.test(wait) ? Number(wait) : 0,
  };
}
