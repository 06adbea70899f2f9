/**
 * A request's way through the engine. Read this first.
 *
 *   page ── model ── messages ── content key ── cache ─┬─ there: sent
 *                                                      └─ else: provider ── cleaning ─┬─ reader
 *                                                                                     └─ cache
 *
 * A reader gets the page or events (`representations/`), at once or when it comes back (`deferred/`).
 */

import { makeAnswer } from './caching/answer.ts';
import type { Answers } from './caching/answers.ts';
import type { Moment } from './caching/purges.ts';
import type { CallObserver } from './calls.ts';
import type { Cleaner } from './cleaning/cleaning.ts';
import type { Clock } from './clock.ts';
import { Completion, type Outcome } from './completion.ts';
import { answerReturned, defer, wantsDeferral } from './deferred/deferral.ts';
import type { DeferredAnswers } from './deferred/deferred-answers.ts';
import { MuseError } from './errors.ts';
import type { Handler, Header, PageRequest, Reply } from './exchange.ts';
import { noteFacts } from './facts.ts';
import { type Flight, policyFor } from './flight.ts';
import { readForm } from './forms/form.ts';
import { answerMethod } from './forms/methods.ts';
import { type Job, type JobFacts, type JobSources, prepareJob } from './job.ts';
import { type Log, SharedLog } from './log.ts';
import type { Model } from './models/model.ts';
import type { ModelSource } from './models/source.ts';
import type { Fields } from './pages/fields.ts';
import type { PageStore, ParsedPage } from './pages/page-store.ts';
import { pageOfPrompt } from './prompted/conversation.ts';
import { refresh, waitForEnd } from './refreshing.ts';
import { sendFailure, sendNothingMore } from './replies.ts';
import { chooseRepresentation } from './representations/choose.ts';
import { RecentlyEnded } from './representations/recently-ended.ts';
import { sendAsWritten, type Visit } from './representations/representation.ts';
import { type Asked, readRequest } from './request.ts';
import { createPageCleaner } from './trust/page-cleaner.ts';
import { keptHeaders, PageScripts } from './trust/page-scripts.ts';
import { UnderWay } from './under-way.ts';
import { createWriter } from './writing.ts';

export interface PipelineParts extends JobSources {
  readonly pages: PageStore;
  readonly models: ModelSource;
  readonly answers: Answers;
  readonly deferred: DeferredAnswers;
  readonly calls: CallObserver;
  readonly clock: Clock;
  /** A log whose lines belong to one request. */
  readonly logFor: (reply: Reply) => Log;
  /** The log of what belongs to none. */
  readonly log: Log;
}

export function createPipeline(parts: PipelineParts): Handler {
  const { answers, clock, deferred } = parts;
  const underWay = new UnderWay<Flight>();
  const recent = new RecentlyEnded(clock);

  return async (request, reply) => {
    const log = parts.logFor(reply);
    const { signal } = request;
    try {
      const asked = readRequest(request.params);
      if (asked.isRefresh) {
        // httpd does not wait even for this.
        reply.head(204, []);
        reply.end('whole');
        await refresh(asked, { answers, clock, log: parts.log, write: writeAnew });
        return;
      }
      const visitFor = (job: JobFacts): Visit => {
        const representation = chooseRepresentation(asked, job, clock, recent);
        return { asked, reply, signal, representation };
      };
      if (asked.deferredId !== undefined) {
        const returned = deferred.find(asked);
        await answerReturned(parts, visitFor(returned.job), returned);
        return;
      }
      const page = await pageFor(asked, request.body);
      if (answerMethod(asked.method, page, reply)) return;
      const form = asked.isPrompt ? [] : await readForm(asked, request.body);
      const job = await prepare(asked, page, form, log);
      const visit = visitFor(job);
      const { representation } = visit;
      if (representation.isOver) {
        sendNothingMore(reply);
        return;
      }
      const { key, policy } = job;
      reply.note('muse-key', key);
      const kept = policy.lookUp ? await answers.find(key, policy.ttl, asked.file) : undefined;
      if (kept !== undefined) {
        if (asked.pageKey !== undefined) answers.alias(asked.pageKey, key, kept, policy, asked);
        noteFacts(reply, kept.facts);
        await representation.sendKept(reply, kept, signal);
        return;
      }
      if (asked.method === 'HEAD') {
        reply.head(200, headOnly(representation.head(false)));
        reply.end('whole');
        return;
      }
      if (signal.aborted) return;
      const found = (policy.lookUp ? join(key, asked) : undefined) ?? representation.findEnded();
      const isDeferred = wantsDeferral(asked);
      if (isDeferred) deferred.admit();
      const flight = found ?? startFlight(job, asked);
      void flight.completion.ended.then((outcome) => alias(asked, job, flight, outcome));
      flight.log.add(log);
      if (isDeferred) await defer(parts, visit, job, flight);
      else await sendAsWritten(visit, flight, found !== undefined);
      flight.log.remove(log);
    } catch (thrown) {
      // It left in the middle of its form.
      if (signal.aborted && thrown === signal.reason) return;
      const error = MuseError.from(thrown);
      log.write(error.code, error.message);
      sendFailure(reply, error);
    }
  };

  async function pageFor(asked: Asked, body?: PageRequest['body']): Promise<ParsedPage> {
    if (asked.isPrompt) return pageOfPrompt(asked, body);
    return parts.pages.read(asked.file, asked.promptsDir, asked.fileMark);
  }

  async function prepare(asked: Asked, page: ParsedPage, form: Fields, log: Log): Promise<Job> {
    const model = parts.models.choose(
      { chosen: asked.model, page: page.page.settings.model, directory: asked.modelDefault },
      log,
    );
    return prepareJob(asked, page, model, form, parts);
  }

  async function writeAnew(asked: Asked): Promise<MuseError | 'not kept' | undefined> {
    const page = await pageFor(asked);
    const job = await prepare(asked, page, [], parts.log);
    const { key, policy } = job;
    const { file } = asked;
    let kept = await answers.find(key, policy.ttl, file);
    let begun: Moment | undefined;
    if (kept === undefined) {
      const flight = join(key, asked) ?? startFlight(job, asked);
      begun = flight.begun;
      const outcome = await waitForEnd(flight.completion);
      if (outcome.kind === 'failed' || outcome.kind === 'broken') return outcome.error;
      kept = outcome.kind === 'whole' ? outcome.kept : undefined;
    }
    if (kept === undefined || asked.pageKey === undefined) return 'not kept';
    answers.alias(asked.pageKey, key, kept, policy, { file, begun });
    return undefined;
  }

  /** What is being written under `key`, unless it was begun before the asked page was purged. */
  function join(key: string, { file }: Asked): Flight | undefined {
    const flight = underWay.find(key);
    return flight === undefined || answers.arePurged(file, flight.begun) ? undefined : flight;
  }

  /** Lets httpd find what the cache has now, before any reader has the end of it. */
  function alias(
    { file, pageKey }: Asked,
    { key, policy }: Job,
    { begun }: Flight,
    outcome: Outcome,
  ): void {
    if (pageKey === undefined || outcome.kind !== 'whole' || outcome.kept === undefined) return;
    answers.alias(pageKey, key, outcome.kept, policy, { file, begun });
  }

  function startFlight(job: Job, asked: Asked): Flight {
    const { key, model, policy, provider, request } = job;
    const scripts = job.scripts ? new PageScripts() : undefined;
    const cleanerFor = ({ reasoning }: Model): Cleaner =>
      createPageCleaner(job, { reasoning, scripts, bytesMax: asked.maxPageSize });
    const log = new SharedLog(parts.log);
    const cause = { path: asked.path, traceparent: asked.traceparent };
    const { calls } = parts;
    const begun = answers.now();
    const writer = createWriter({ provider, request, model, cleanerFor, calls, cause, log });
    const completion = new Completion({
      writer,
      async keep(body) {
        if (!policy.store) return undefined;
        const { ttl, stale } = policyFor(writer, policy);
        const headers = [...job.headers, ...keptHeaders(scripts)];
        const times = [clock.now(), ttl * 1_000, stale * 1_000] as const;
        const answer = makeAnswer(body, headers, ...times, writer.facts());
        const of = { file: asked.file, begun };
        return (await answers.keep(key, answer, of)) ? answer : undefined;
      },
      bytesMax: asked.maxPageSize,
      finishAbandoned: asked.finishAbandoned && policy.store,
      log,
    });
    const flight = { completion, writer, log, scripts, begun };
    // What may not be looked up is written for each visitor anew.
    if (policy.lookUp) underWay.add(key, flight);
    return flight;
  }
}

/** Nothing was looked for to be stored. */
function headOnly(head: readonly Header[]): Header[] {
  return head.filter(([name]) => name !== 'Cache-Status');
}
