/** From a provider's events to the pieces of a page. */

import type { CallObserver, CallStart, Used } from './calls.ts';
import type { Cleaner, NoticeKind } from './cleaning/cleaning.ts';
import type { Writer } from './completion.ts';
import { MuseError } from './errors.ts';
import { type AnswerFacts, costOf, factsOf } from './facts.ts';
import type { Log } from './log.ts';
import type { Model } from './models/model.ts';
import type {
  CompletionRequest,
  CompletionSink,
  Finish,
  FinishReason,
  Provider,
  Usage,
} from './providers/provider.ts';

export interface WritingOptions {
  readonly provider: Provider;
  readonly request: CompletionRequest;
  /** The model that was asked. */
  readonly model: Model;
  /** What cleans an answer of that model. */
  readonly cleanerFor: (model: Model) => Cleaner;
  readonly calls: CallObserver;
  /** What whoever observes the calls is to know of the visitor who caused this one. */
  readonly cause: Pick<CallStart, 'path' | 'traceparent'>;
  readonly log: Log;
}

/**
 * A writer that knows whose the answer is, from its first piece on. No getters: an object literal
 * with some has a hidden class of its own in V8, which keeps the whole page until a full collection.
 */
export interface ModelWriter extends Writer {
  /** The model that writes in place of the one that was asked. */
  substitute(): Model | undefined;
  /** What is known of the answer: its model from the first piece on, the rest from its end on. */
  facts(): AnswerFacts;
}

export function createWriter(options: WritingOptions): ModelWriter {
  const { provider, request, cleanerFor, calls, cause, log } = options;
  let { model } = options;
  let usage: Usage | undefined;
  let cleaner = cleanerFor(model);
  return {
    substitute() {
      return model === options.model ? undefined : model;
    },
    facts() {
      return factsOf(model, usage);
    },
    async write(emit, signal) {
      const call = calls.started({ model, request, ...cause });
      let used: Used | undefined;
      try {
        const sink: CompletionSink = {
          text: (text) => emit(cleaner.push(text)),
          reasoning: (text) => cleaner.pushReasoning(text),
          writtenBy(other) {
            model = other;
            cleaner = cleanerFor(other);
          },
          wasted: (writer, usage) => call.wasted({ writer, usage }),
          log,
        };
        const end = await provider.complete(request, sink, signal);
        usage = end.usage;
        used = { writer: model, usage };
        const finished = finish(end, emit);
        call.ended(model, end);
        return finished;
      } catch (error) {
        if (signal.aborted) call.aborted();
        else call.failed(error, used);
        throw error;
      }
    },
    notice: (error) => cleaner.notice(noticeFor(error)),
  };

  function finish(end: Finish, emit: (piece: string) => void): Finish {
    const { reason } = end;
    if (end.usage !== undefined) logUsage(end.usage, model, log);
    const short = reason === 'length' || reason === 'content_filter';
    const last = short ? cleaner.notice(kindOf(reason)) : cleaner.end();
    if (cleaner.outcome === 'not-json') throw brokenJson(model, reason);
    if (cleaner.outcome !== 'answer') throw emptyAnswer(cleaner, model, reason);
    emit(last);
    if (reason === 'length') {
      const advice = 'raise max_tokens in the page or in models.json, or MuseAiMaxTokens';
      log.write(
        'answer-truncated',
        `model "${model.name}" reached its limit of tokens, so the page is cut short; ${advice}`,
      );
    } else if (reason !== 'stop') {
      const text = `model "${model.name}" ended the answer with "${reason}"; it is not kept`;
      log.write('answer-filtered', text);
    }
    return model === options.model ? end : { ...end, writtenBy: model.name };
  }
}

const BILLION = 1_000_000_000;

function emptyAnswer(cleaner: Cleaner, model: Model, reason: FinishReason): MuseError {
  const what =
    cleaner.outcome === 'only-reasoning'
      ? 'reasoned, but wrote no answer; raise max_tokens'
      : 'answered with nothing but white space';
  return new MuseError('answer-empty', `model "${model.name}" ${what} (finish_reason: ${reason})`);
}

/** Not what is wrong in it: that would quote the answer. */
function brokenJson(model: Model, reason: FinishReason): MuseError {
  const advice =
    reason === 'length'
      ? 'it reached its limit of tokens; raise max_tokens in the page or in models.json'
      : 'say in the page what the JSON shall look like, or choose another model';
  const text = `the answer of model "${model.name}" is not JSON; ${advice}`;
  return new MuseError('answer-not-json', `${text} (finish_reason: ${reason})`);
}

function kindOf(reason: 'length' | 'content_filter'): NoticeKind {
  return reason === 'length' ? 'length' : 'filtered';
}

function noticeFor(error: MuseError): NoticeKind {
  if (error.code === 'provider-slow') return 'timeout';
  return error.code === 'answer-too-long' ? 'length' : 'broken';
}

export function logUsage(usage: Usage, model: Model, log: Log): void {
  const { inputTokens, outputTokens } = usage;
  const billionths = costOf(model, usage);
  const cost = billionths === undefined ? '' : `, cost ${(billionths / BILLION).toFixed(6)}`;
  log.write(
    'answer-usage',
    `model "${model.name}": ${inputTokens} tokens in, ${outputTokens} tokens out${cost}`,
  );
}
