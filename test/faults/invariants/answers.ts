/** No request has another end than its kind and the fault allow. */

import type { Fault } from '../faults/fault.ts';
import { kinds } from '../load/kinds.ts';
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

export function tell(record: RequestRecord, since: number): string {
  const { kind, id, outcome, detail, start, end } = record;
  const when = `${Math.round(start - since)}–${Math.round(end - since)} ms`;
  return `${kind} ${id}: ${outcome} (${detail}), ${when} after the fault began`;
}
