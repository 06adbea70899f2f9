/** Days of the local calendar (TZ): a budget is for one of them. */

const DAY_MS = 86_400_000;

/** Days since 1970, as muse_budget_today() in native/region counts them. */
export function dayOf(now: number): number {
  const date = new Date(now);
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY_MS;
}

/** Whole seconds until the next midnight, at least 1; a day may have 23 or 25 hours. */
export function secondsLeft(now: number): number {
  const date = new Date(now);
  const next = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1);
  return Math.max(1, Math.ceil((next.getTime() - now) / 1_000));
}
