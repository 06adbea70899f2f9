/** After a fault the site is soon as fast as it was before. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { KindName } from '../load/kinds.ts';
import type { Load } from '../load/load.ts';
import type { RequestRecord } from '../load/record.ts';

/** Medians in milliseconds: a cached page's end and a cold page's head. */
export interface Speed {
  readonly cached: number;
  readonly cold: number;
}

/** Other than that, a loaded machine would fail: the factor is generous, and so is what is added. */
const factor = 4;
const more: Speed = { cached: 30, cold: 150 };
const windowMs = 1_000;
const longestMs = 30_000;

/** Asks for cold pages until one comes; when that was. */
export async function coldPageComes(load: Load): Promise<number> {
  const giveUp = performance.now() + longestMs;
  for (;;) {
    const record = await Promise.race([load.once('cold'), sleep(2_000)]);
    const now = performance.now();
    if (record?.outcome === 'whole') return now;
    if (now > giveUp) return Infinity;
    await sleep(20);
  }
}

/** Waits until the last second was as fast as `before`; when that was. */
export async function isFastAgain(load: Load, before: Speed, from: number): Promise<number> {
  const giveUp = performance.now() + longestMs;
  for (;;) {
    const now = performance.now();
    const speed = speedOf(load, Math.max(from, now - windowMs));
    if (speed !== undefined && isAsFast(speed, before)) return now;
    if (now > giveUp) return Infinity;
    await sleep(50);
  }
}

function isAsFast(speed: Speed, before: Speed): boolean {
  return (['cached', 'cold'] as const).every(
    (kind) => speed[kind] <= before[kind] * factor + more[kind],
  );
}

/** The medians of what has begun since; undefined where that is too little to tell. */
export function speedOf(load: Load, since: number): Speed | undefined {
  const begun = load.records.slice(-1_000).filter(({ start }) => start >= since);
  const cached = medianOf(begun, ['cached', 'cached-kept'], ({ start, end }) => end - start);
  const cold = medianOf(begun, ['cold', 'shared'], ({ headMs = Infinity }) => headMs);
  return cached === undefined || cold === undefined ? undefined : { cached, cold };
}

function medianOf(
  records: readonly RequestRecord[],
  kinds: readonly KindName[],
  value: (record: RequestRecord) => number,
): number | undefined {
  const values = records
    .filter(({ kind, victim }) => kinds.includes(kind) && !victim)
    .map(value)
    .sort((a, b) => a - b);
  return values.length < 8 ? undefined : values[Math.floor(values.length / 2)];
}
