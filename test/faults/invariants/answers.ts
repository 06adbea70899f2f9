/** No request has another end than its kind and the fault allow. */

import type { Fault } from '../faults/fault.ts';
import { kinds, needNobody } from '../load/kinds.ts';
import type { RequestRecord } from '../load/record.ts';
import { timeouts } from '../timers.ts';

export interface Span {
  readonly fault: Fault;
  /** From the moment before it was done to when a cold page came again. */
  readonly from: number;
  readonly until: number;
}

export function isAllowed(record: RequestRecord, { fault, from, until }: Span): boolean {
  const { outcome, victim, kind } = record;
  if (outcome === 'whole' || (outcome === 'left' && kind === 'leaving')) return true;
  // Never, whatever happens to whom.
  if (outcome === 'wrong') return false;
  if (victim) return true;
  // Who asks for what others ask for, too, may join a page that was begun in the meantime.
  const isShared = (kinds.find(({ name }) => name === kind)?.ids ?? 0) > 0;
  const last = isShared ? until + timeouts.total * 1_000 : until;
  const isMeanwhile = record.start <= last && record.end >= from;
  return isMeanwhile && fault.allows(kind).includes(outcome);
}

/** Of the time that a provider has for the beginning of an answer, so much must be the machine's. */
const starvedMs = (timeouts.first * 1_000) / 3;

/**
 * Whether it was told that the provider is slow, and it was so: on a machine with much else to do,
 * all whom a stopped engine has kept waiting are more than providers answer within their time.
 */
export function isStarved({ kind, outcome, status }: RequestRecord, queuedMs: number): boolean {
  const isSlow = outcome === 'refused' && status === 504;
  return isSlow && !needNobody.has(kind) && queuedMs > starvedMs;
}

export function tell(record: RequestRecord, since: number): string {
  const { kind, id, outcome, detail, start, end } = record;
  const when = `${Math.round(start - since)}–${Math.round(end - since)} ms`;
  return `${kind} ${id}: ${outcome} (${detail}), ${when} after the fault began`;
}
