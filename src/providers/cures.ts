/** What helps against the failure of a call whose answer had not begun. */

import type { FailureCode, MuseError } from '../errors.ts';

/**
 * `again`: the same call may succeed a moment later. `elsewhere`: another endpoint or model may do
 * what this one can't. `other-model`: only another model may. `nothing`: the request itself is
 * at fault, or nobody may be asked for it.
 */
export type Cure = 'again' | 'elsewhere' | 'other-model' | 'nothing';

const CURES: Partial<Record<FailureCode, Cure>> = {
  'provider-unreachable': 'again',
  'provider-cut-off': 'again',
  // Statuses 5xx, 408 and 409, and errors that a stream reports.
  'provider-failed': 'again',
  'provider-busy': 'again',
  // It has had its time; to give it as much again would cost the visitor's patience.
  'provider-slow': 'elsewhere',
  'endpoint-full': 'elsewhere',
  'provider-refused-key': 'elsewhere',
  'provider-unknown-model': 'elsewhere',
  'provider-redirected': 'elsewhere',
  'provider-nonsense': 'elsewhere',
  'model-unavailable': 'elsewhere',
  'model-not-configured': 'elsewhere',
  'answer-empty': 'elsewhere',
  'model-budget-spent': 'other-model',
  'budget-uncounted': 'other-model',
};

export function cureOf({ code }: MuseError): Cure {
  return CURES[code] ?? 'nothing';
}
