/** An answer that is being written, and who is told about it. */

import { type CachePolicy, forSubstitute } from './caching/policy.ts';
import type { Moment } from './caching/purges.ts';
import type { Completion } from './completion.ts';
import type { Header } from './exchange.ts';
import type { SharedLog } from './log.ts';
import { type PageScripts, SCRIPTS_HEADER } from './trust/page-scripts.ts';
import type { ModelWriter } from './writing.ts';

export interface Flight {
  readonly completion: Completion;
  readonly writer: ModelWriter;
  readonly log: SharedLog;
  /** The scripts of its page, where that may have any. */
  readonly scripts: PageScripts | undefined;
  readonly begun: Moment;
}

/** What is said of a page that `flight` writes, beside what is said of it in any case. */
export function headersOf({ scripts }: Flight, headers: readonly Header[]): readonly Header[] {
  return scripts === undefined ? headers : [...headers, [SCRIPTS_HEADER, scripts.whileWritten]];
}

/** The policy for what `writer` writes; who that is, is known with the first piece. */
export function policyFor(writer: ModelWriter, policy: CachePolicy): CachePolicy {
  return writer.substitute() === undefined ? policy : forSubstitute(policy);
}
