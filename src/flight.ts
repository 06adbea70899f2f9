/** An answer that is being written, and who is told about it. */

import type { Completion } from './completion.ts';
import type { SharedLog } from './log.ts';

export interface Flight {
  readonly completion: Completion;
  readonly log: SharedLog;
}
