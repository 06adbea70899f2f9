/** The page in one piece, once all of it is there: it fails with a status or not at all. */

import type { Clock } from '../clock.ts';
import { headersOf, policyFor } from '../flight.ts';
import { follow } from '../follow.ts';
import type { JobFacts } from '../job.ts';
import { sendFailure, streamHead } from '../replies.ts';
import type { Asked } from '../request.ts';
import { asPage } from './page.ts';
import type { Representation } from './representation.ts';

export function asWholePage(job: JobFacts, asked: Asked, clock: Clock): Representation {
  return {
    ...asPage(job, asked, clock),
    async sendWritten(flight, reply, joined, signal) {
      const { completion, writer } = flight;
      const outcome = await follow(completion, 0, () => undefined, signal);
      if (outcome?.kind !== 'whole' && outcome?.kind !== 'cut') return outcome;
      const written = policyFor(writer, job.policy);
      // What was cut short is not kept, and nobody else shall keep it.
      const policy = outcome.kind === 'cut' ? { ...written, store: false } : written;
      reply.head(200, [
        ...streamHead(headersOf(flight, job.headers), asked, policy, joined),
        ['Content-Length', String(completion.length)],
      ]);
      reply.write(completion.whole());
      return outcome;
    },
    end(reply, outcome) {
      if (outcome.kind === 'failed' || outcome.kind === 'broken') sendFailure(reply, outcome.error);
      else reply.end('whole');
    },
  };
}
