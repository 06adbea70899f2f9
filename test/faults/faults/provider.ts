/** The provider refuses, stalls, cuts off, sends garbage, answers 429 and 500. */

import { type KindName, needNobody } from '../load/kinds.ts';
import type { Outcome } from '../load/record.ts';
import { type Storm, storms } from '../weather.ts';
import type { Fault } from './fault.ts';

/** Those that come before any of the answer: a copy or another model can still stand in. */
const early: ReadonlySet<Storm> = new Set([
  'stalls before the answer',
  'sends garbage',
  'sends comments alone',
  'says 429',
  'says 500',
]);
const standsIn: ReadonlySet<KindName> = new Set(['stale', 'guarded']);

function stormFault(storm: Storm): Fault {
  return {
    name: `provider ${storm}`,
    holdMs: 1_500,
    allows(kind): readonly Outcome[] {
      if (needNobody.has(kind)) return [];
      if (!early.has(storm)) return ['refused', 'aborted'];
      return standsIn.has(kind) ? [] : ['refused'];
    },
    async begin({ stage }) {
      stage.weather.storm = storm;
      return () => {
        stage.weather.storm = undefined;
      };
    },
  };
}

const refuses: Fault = {
  name: 'provider refuses connections',
  holdMs: 1_500,
  // Those that it had are broken off at the beginning.
  allows: (kind) => (needNobody.has(kind) ? [] : ['refused', 'aborted']),
  async begin({ stage }) {
    await stage.provider.refuse();
    return () => stage.provider.listen();
  },
};

export const providerFaults: readonly Fault[] = [...storms.map(stormFault), refuses];
