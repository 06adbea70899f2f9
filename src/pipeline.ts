/**
 * A request's way through the engine. Read this first.
 *
 *   page ── model ── messages ── content key ── cache ─┬─ there: sent
 *                                                      └─ else: provider ── cleaning ─┬─ reader
 *                                                                                     └─ cache
 */

import { makeAnswer } from './caching/answer.ts';
import type { Answers } from './caching/answers.ts';
import { createCleaner } from './cleaning/cleaner.ts';
import type { Clock } from './clock.ts';
import { Completion } from './completion.ts';
import { MuseError } from './errors.ts';
import type { Handler, Reply } from './exchange.ts';
import { type Job, type JobSources, prepareJob } from './job.ts';
import type { Log } from './log.ts';
import type { ModelSource } from './models/source.ts';
import type { Files } from './pages/files.ts';
import { readPage } from './pages/page.ts';
import { sendFailure, sendKept, sendPieces, streamHead } from './replies.ts';
import { readRequest } from './request.ts';
import { type CallCounter, createWriter } from './writing.ts';

export interface PipelineParts extends JobSources {
  readonly files: Files;
  readonly models: ModelSource;
  readonly answers: Answers;
  readonly counter: CallCounter;
  readonly clock: Clock;
  /** A log whose lines belong to one request. */
  readonly logFor: (reply: Reply) => Log;
}

export function createPipeline(parts: PipelineParts): Handler {
  const { answers, clock } = parts;

  return async (request, reply) => {
    const log = parts.logFor(reply);
    try {
      const asked = readRequest(request.params);
      const page = await readPage(asked.file, parts.files);
      const model = parts.models.choose(
        { chosen: asked.model, page: page.settings.model, directory: asked.modelDefault },
        log,
      );
      const job = await prepareJob(asked, page, model, parts);
      const { key, policy } = job;

      const kept = policy.lookUp ? await answers.find(key, policy.ttl) : undefined;
      if (kept !== undefined) {
        if (asked.pageKey !== undefined) answers.alias(asked.pageKey, key, kept, policy.ttl);
        sendKept(reply, kept, policy.ttl, clock.now());
        return;
      }
      const head = streamHead(job.headers, asked.cache, policy);
      if (asked.method === 'HEAD') {
        reply.head(
          200,
          head.filter(([name]) => name !== 'Cache-Status'),
        );
        reply.end('whole');
        return;
      }
      if (request.signal.aborted) return;
      const completion = startCompletion(job, log);
      const outcome = await sendPieces(completion, reply, head, request.signal);
      if (outcome === undefined) return;
      if (outcome.kind === 'failed') throw outcome.error;
      if (outcome.kind === 'broken') {
        log.write(outcome.error.code, `the page broke off: ${outcome.error.message}`);
        reply.end('broken');
        return;
      }
      if (outcome.kind === 'cut') {
        // Its head promised a max-age: aborted, it stays out of every cache on its way.
        reply.end(policy.store ? 'broken' : 'whole');
        return;
      }
      if (outcome.kept !== undefined && asked.pageKey !== undefined) {
        answers.alias(asked.pageKey, key, outcome.kept, policy.ttl);
      }
      reply.end('whole');
    } catch (thrown) {
      const error = MuseError.from(thrown);
      log.write(error.code, error.message);
      sendFailure(reply, error);
    }
  };

  function startCompletion(job: Job, log: Log): Completion {
    const { contentType, key, lang, model, policy, provider, request, title } = job;
    const cleaner = createCleaner({
      contentType: /^text\/html\b/i.test(contentType) ? 'html' : 'text',
      reasoning: model.reasoning,
      ...(title === undefined ? {} : { title }),
      ...(lang === undefined ? {} : { lang }),
    });
    const writer = createWriter({ provider, request, model, cleaner, counter: parts.counter, log });
    return new Completion(writer, async (body) => {
      if (!policy.store) return undefined;
      const answer = makeAnswer(body, job.headers, clock.now(), policy.ttl * 1_000);
      return (await answers.keep(key, answer)) ? answer : undefined;
    });
  }
}
