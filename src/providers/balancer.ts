/** Which of several endpoints gets the next call. */

import type { Model } from '../models/model.ts';

/** What the methods look at. */
export interface Balanced {
  readonly weight: number;
  /** Calls under way. */
  readonly active: number;
}

/** Chooses among `candidates`, of which there is at least one. */
export type Balancer<Endpoint extends Balanced> = (
  candidates: readonly [Endpoint, ...Endpoint[]],
) => Endpoint;

export function createBalancer<Endpoint extends Balanced>(
  method: Model['loadBalancing'],
  random: () => number,
): Balancer<Endpoint> {
  if (method === 'random') return (candidates) => byChance(candidates, random);
  const inTurn = createRoundRobin<Endpoint>();
  return method !== 'least_connections' ? inTurn : (candidates) => inTurn(leastBusy(candidates));
}

/**
 * Smooth weighted round robin, as NGINX has it: 3 to 1 is a a b a, not a a a b. Each call raises
 * every candidate by its weight; the highest is chosen, and lowered by what was given.
 */
function createRoundRobin<Endpoint extends Balanced>(): Balancer<Endpoint> {
  const credit = new Map<Endpoint, number>();
  return (candidates) => {
    let [best] = candidates;
    let highest = Number.NEGATIVE_INFINITY;
    let given = 0;
    for (const each of candidates) {
      const raised = (credit.get(each) ?? 0) + each.weight;
      credit.set(each, raised);
      given += each.weight;
      if (raised <= highest) continue;
      best = each;
      highest = raised;
    }
    credit.set(best, highest - given);
    return best;
  };
}

function byChance<Endpoint extends Balanced>(
  candidates: readonly [Endpoint, ...Endpoint[]],
  random: () => number,
): Endpoint {
  let left = random() * candidates.reduce((sum, { weight }) => sum + weight, 0);
  for (const each of candidates) {
    left -= each.weight;
    if (left < 0) return each;
  }
  return candidates[0];
}

/** Those with the fewest calls under way for their weight. */
function leastBusy<Endpoint extends Balanced>(
  candidates: readonly [Endpoint, ...Endpoint[]],
): readonly [Endpoint, ...Endpoint[]] {
  const load = ({ active, weight }: Endpoint): number => active / weight;
  const least = candidates.reduce((a, b) => (load(b) < load(a) ? b : a));
  const others = candidates.filter((each) => each !== least && load(each) === load(least));
  return [least, ...others];
}
