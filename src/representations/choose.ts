/** Which representation a client gets. */

import type { Clock } from '../clock.ts';
import type { JobFacts } from '../job.ts';
import type { Asked } from '../request.ts';
import { prefersEvents } from './accept.ts';
import { EventStream } from './event-stream.ts';
import { asPage } from './page.ts';
import type { RecentlyEnded } from './recently-ended.ts';
import type { Representation } from './representation.ts';
import { asWholePage } from './whole-page.ts';

export function chooseRepresentation(
  asked: Asked,
  job: JobFacts,
  clock: Clock,
  recent: RecentlyEnded,
): Representation {
  if (prefersEvents(asked.accept, job.contentType)) {
    return new EventStream(job, asked, clock, recent);
  }
  return asked.streaming ? asPage(job, asked, clock) : asWholePage(job, asked, clock);
}
