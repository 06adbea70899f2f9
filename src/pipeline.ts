/**
 * A request's way through the engine. Read this first.
 *
 *   page ── model ── messages ── content key ── cache ─┬─ there: sent
 *                                                      └─ else: provider ── cleaning ─┬─ reader
 *                                                                                     └─ cache
 */

import { makeAnswer } from './caching/answer.ts';
import type { Answers } from './caching/answers.ts';
import type { CachePolicy } from './caching/policy.ts';
import { createCleaner } from './cleaning/cleaner.ts';
import type { Clock } from './clock.ts';
import { Completion, type Outcome } from './completion.ts';
import { MuseError } from './errors.ts';
import type { Handler, Header, Reply } from './exchange.ts';
import { type Job, type JobSources, prepareJob } from './job.ts';
import { type Log, SharedLog } from './log.ts';
import type { ModelSource } from './models/source.ts';
import type { PageStore } from './pages/page-store.ts';
import { refresh, waitForEnd } from './refreshing.ts';
import { sendFailure, sendKept, sendWritten, streamHead } from './replies.ts';
import { type Asked, readRequest } from './request.ts';
import { UnderWay } from './under-way.ts';
import { type CallCounter, createWriter } from './writing.ts';

export interface PipelineParts extends JobSources {
  readonly pages: PageStore;
  readonly models: ModelSource;
  readonly answers: Answers;
  readonly counter: CallCounter;
  readonly clock: Clock;
  /** A log whose lines belong to one request. */
  readonly logFor: (reply: Reply) => Log;
  /** The log of what belongs to none. */
  readonly log: Log;
}

/** An answer that is being written, and who is told about it. */
interface Flight {
  readonly completion: Completion;
  readonly log: SharedLog;
}

export function createPipeline(parts: PipelineParts): Handler {
  const { answers, clock } = parts;
  const underWay = new UnderWay<Flight>();

  return async (request, reply) => {
    const log = parts.logFor(reply);
    try {
      const asked = readRequest(request.params);
      if (asked.isRefresh) {
        // httpd does not wait even for this.
        reply.head(204, []);
        reply.end('whole');
        await refresh(asked, { answers, clock, log: parts.log, write: writeAnew });
        return;
      }
      const job = await prepare(asked, log);
      const { key, policy } = job;

      const kept = policy.lookUp ? await answers.find(key, policy.ttl) : undefined;
      if (kept !== undefined) {
        if (asked.pageKey !== undefined) answers.alias(asked.pageKey, key, kept, policy);
        sendKept(reply, kept, policy.ttl, clock.now());
        return;
      }
      if (asked.method === 'HEAD') {
        reply.head(200, headOnly(streamHead(job.headers, asked, policy, false)));
        reply.end('whole');
        return;
      }
      if (request.signal.aborted) return;
      const joined = policy.lookUp ? underWay.find(key) : undefined;
      const flight = joined ?? startFlight(job, asked);
      const head = streamHead(job.headers, asked, policy, joined !== undefined);
      flight.log.add(log);
      const outcome = await sendWritten(flight.completion, reply, head, request.signal);
      flight.log.remove(log);
      if (outcome === undefined) return;
      if (outcome.kind === 'whole' && outcome.kept !== undefined && asked.pageKey !== undefined) {
        answers.alias(asked.pageKey, key, outcome.kept, policy);
      }
      if (outcome.kind === 'failed') sendFailure(reply, outcome.error);
      else reply.end(isWhole(outcome, policy) ? 'whole' : 'broken');
    } catch (thrown) {
      const error = MuseError.from(thrown);
      log.write(error.code, error.message);
      sendFailure(reply, error);
    }
  };

  async function prepare(asked: Asked, log: Log): Promise<Job> {
    const page = await parts.pages.read(asked.file);
    const model = parts.models.choose(
      { chosen: asked.model, page: page.page.settings.model, directory: asked.modelDefault },
      log,
    );
    return prepareJob(asked, page, model, parts);
  }

  async function writeAnew(asked: Asked): Promise<MuseError | 'not kept' | undefined> {
    const job = await prepare(asked, parts.log);
    const { key, policy } = job;
    let kept = await answers.find(key, policy.ttl);
    if (kept === undefined) {
      const { completion } = underWay.find(key) ?? startFlight(job, asked);
      const outcome = await waitForEnd(completion);
      if (outcome.kind === 'failed' || outcome.kind === 'broken') return outcome.error;
      kept = outcome.kind === 'whole' ? outcome.kept : undefined;
    }
    if (kept === undefined || asked.pageKey === undefined) return 'not kept';
    answers.alias(asked.pageKey, key, kept, policy);
    return undefined;
  }

  function startFlight(job: Job, asked: Asked): Flight {
    const { contentType, key, lang, model, policy, provider, request, title } = job;
    const cleaner = createCleaner({
      contentType: /^text\/html\b/i.test(contentType) ? 'html' : 'text',
      reasoning: model.reasoning,
      ...(title === undefined ? {} : { title }),
      ...(lang === undefined ? {} : { lang }),
    });
    const log = new SharedLog(parts.log);
    const completion = new Completion({
      writer: createWriter({ provider, request, model, cleaner, counter: parts.counter, log }),
      async keep(body) {
        if (!policy.store) return undefined;
        const { ttl, stale } = policy;
        const answer = makeAnswer(body, job.headers, clock.now(), ttl * 1_000, stale * 1_000);
        return (await answers.keep(key, answer)) ? answer : undefined;
      },
      bytesMax: asked.maxPageSize,
      finishAbandoned: asked.finishAbandoned && policy.store,
      log,
    });
    const flight = { completion, log };
    // What may not be looked up is written for each visitor anew.
    if (policy.lookUp) underWay.add(key, flight);
    return flight;
  }
}

/** Whether the reply may end in order. A page that promised a max-age is aborted if it was cut. */
function isWhole(outcome: Outcome, policy: CachePolicy): boolean {
  return outcome.kind === 'whole' || (outcome.kind === 'cut' && !policy.store);
}

/** Nothing was looked for to be stored. */
function headOnly(head: readonly Header[]): Header[] {
  return head.filter(([name]) => name !== 'Cache-Status');
}
