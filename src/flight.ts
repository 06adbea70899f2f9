/** An answer that is being written, and who is told about it. */

import { type CachePolicy, forSubstitute } from './caching/policy.ts';
import type { Completion } from './completion.ts';
import type { SharedLog } from './log.ts';
import type { ModelWriter } from './writing.ts';

export interface Flight {
  readonly completion: Completion;
  readonly writer: ModelWriter;
  readonly log: SharedLog;
}

/** The policy for what `writer` writes; who that is, is known with the first piece. */
export function policyFor(writer: ModelWriter, policy: CachePolicy): CachePolicy {
  return writer.substitute === undefined ? policy : forSubstitute(policy);
}
