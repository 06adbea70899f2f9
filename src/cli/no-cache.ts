/** A cache that keeps nothing, where each answer is wanted anew. */

import type { Answers } from '../caching/answers.ts';

export const noCache: Answers = {
  now: () => ({ at: 0, epoch: 0 }),
  arePurged: () => false,
  find: async () => undefined,
  keep: async () => false,
  alias: () => undefined,
  hold: () => undefined,
};
