/** From a provider's chunks to the lines that every reader of a completion makes his answer of. */

import { randomUUID } from 'node:crypto';
import type { CallObserver, CallStart } from '../calls.ts';
import type { Clock } from '../clock.ts';
import { MuseError } from '../errors.ts';
import { factsOf } from '../facts.ts';
import type { Log } from '../log.ts';
import type { Model } from '../models/model.ts';
import type { Chunk } from '../providers/chunk.ts';
import type {
  CompletionRequest,
  CompletionSink,
  Finish,
  Provider,
  Usage,
} from '../providers/provider.ts';
import { logUsage, type ModelWriter } from '../writing.ts';
import { chunkLine, identityLine, usageLine } from './chunk-lines.ts';
import { ToolIndexes } from './tool-indexes.ts';

export interface ChatWriting {
  readonly provider: Provider;
  readonly request: CompletionRequest;
  /** The model that was asked. */
  readonly model: Model;
  /** Bytes of an answer, without the frame that its chunks come in. */
  readonly bytesMax: number;
  readonly calls: CallObserver;
  /** What whoever observes the calls is to know of the program that caused this one. */
  readonly cause: Pick<CallStart, 'path' | 'traceparent'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Ways to end after which there is nothing more to come: the answer may be kept. */
const COMPLETE: ReadonlySet<unknown> = new Set(['stop', 'tool_calls', 'function_call']);
/** Characters of a line around what its chunk says, at least. */
const FRAME = 60;

export function createChatWriter(options: ChatWriting): ModelWriter {
  const { provider, request, bytesMax, calls, cause, clock, log } = options;
  let { model } = options;
  let counted: Usage | undefined;
  return {
    substitute() {
      return model === options.model ? undefined : model;
    },
    facts() {
      return factsOf(model, counted);
    },
    async write(emit, signal) {
      let begun = false;
      let said = 0;
      let usage: unknown;
      let reason: unknown;
      const tools = new ToolIndexes();
      const call = calls.started({ model, request, ...cause });
      const chunk = (each: Chunk): void => {
        usage = each.usage ?? usage;
        reason = each.choices?.[0]?.finish_reason ?? reason;
        if (!begun) emit(identityLine(identityOf(each, model, clock)));
        begun = true;
        const line = chunkLine(tools.complete(each));
        if (line === undefined) return;
        said += Math.max(0, line.length - FRAME);
        if (said > bytesMax) throw tooLong(bytesMax);
        emit(line);
      };
      const sink: CompletionSink = {
        // Who takes chunks gets nothing else.
        text: () => undefined,
        reasoning: () => undefined,
        chunk,
        writtenBy(other) {
          model = other;
        },
        wasted: (writer, usage) => call.wasted({ writer, usage }),
        log,
      };
      try {
        const finish = await provider.complete(request, sink, signal);
        counted = finish.usage;
        if (usage !== undefined) emit(usageLine(usage));
        call.ended(model, finish);
        return ended(finish, reason);
      } catch (error) {
        if (signal.aborted) call.aborted();
        else call.failed(error);
        throw error;
      }
    },
    // A reader is told by his protocol.
    notice: () => '',
  };

  function ended(finish: Finish, reason: unknown): Finish {
    if (finish.usage !== undefined) logUsage(finish.usage, model, log);
    return COMPLETE.has(reason) ? { ...finish, reason: 'stop' } : finish;
  }
}

function identityOf(chunk: Chunk, model: Model, clock: Clock) {
  const { id, created } = chunk as { readonly id?: unknown; readonly created?: unknown };
  return {
    id: typeof id === 'string' && id !== '' ? id : `chatcmpl-${randomUUID()}`,
    created: typeof created === 'number' ? created : Math.floor(clock.now() / 1_000),
    // By the name that it has here: the provider's own is not the program's business.
    model: model.name,
  };
}

function tooLong(bytesMax: number): MuseError {
  const text = `the answer has more than ${bytesMax} bytes, so it ends there; see MuseAiMaxPageSize`;
  return new MuseError('answer-too-long', text);
}
