/** The seam between the pipeline and whoever writes the page. */

import type { Budget } from '../budget/budget.ts';
import type { Log } from '../log.ts';
import type { Model } from '../models/model.ts';
import type { Message } from '../pages/messages.ts';
import type { Chunk } from './chunk.ts';

/** What the provider is asked for, whichever model writes. */
export interface CompletionRequest {
  readonly messages: readonly Message[];
  /** What a program asks for in its own words. */
  readonly verbatim?: Verbatim | undefined;
  /** The page's own; undefined: the model's. */
  readonly temperature: number | undefined;
  /** The page's own; undefined: the model's. */
  readonly topP?: number | undefined;
  /** The page's own; undefined: the model's. 0: no limit is sent. */
  readonly maxTokens: number | undefined;
  /** Where neither page nor model sets a limit. */
  readonly maxTokensDefault?: number | undefined;
  /** The page's own; undefined: the model's. */
  readonly stop?: readonly string[] | undefined;
  /** Media type of what the model is to write. */
  readonly contentType: string;
  /** Whether the endpoint is asked for JSON by `response_format`. */
  readonly jsonMode?: boolean;
  /** What it belongs to beside the model's own. */
  readonly budgets?: readonly Budget[];
  /** Seconds for the whole answer. */
  readonly timeout: number;
  /** How many of these seconds were used up before this call. */
  readonly spent?: number | undefined;
}

/** Parts of a chat completion's request that are sent as they are. */
export interface Verbatim {
  /** In place of the request's own messages, which are their text. */
  readonly messages: readonly unknown[];
  /** Over the model's own. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** `stop`: the answer is complete. Other values are the provider's own. */
export type FinishReason = 'stop' | 'length' | 'content_filter' | 'other';

/** How an answer ended. */
export interface Finish {
  readonly reason: FinishReason;
  readonly usage?: Usage;
  /** The model that wrote it in place of the asked one, by its name. */
  readonly writtenBy?: string;
}

/** Takes an answer piece by piece, each while the bytes that hold it are being read. */
export interface CompletionSink {
  /** The call goes out to the endpoint: from here on it may cost something. */
  sent?(): void;
  text(text: string): void;
  reasoning(text: string): void;
  /**
   * Takes the answer's chunks in place of their text and reasoning, where it is there: those that
   * say nothing yet come with the first that does.
   */
  readonly chunk?: ChunkTaker | undefined;
  /** Another model than the asked one writes; told before its first piece. */
  writtenBy(model: Model): void;
  /** The answer of `model` came to nothing, and the next one is asked: what it took all the same. */
  wasted?(model: Model, usage: Usage): void;
  /** Where the call tells what became of it. */
  readonly log: Log;
}

/** `hasContent`: something of the answer is in it, and not only about it. */
export type ChunkTaker = (chunk: Chunk, hasContent: boolean) => void;

export interface Provider {
  /**
   * Streams one answer into `sink` and resolves at its end. Rejects with a MuseError; with the
   * signal's reason when that aborts; with what the sink throws. The call is over then: it has been
   * ended within 100 ms, and the sink gets nothing more.
   */
  complete(request: CompletionRequest, sink: CompletionSink, signal: AbortSignal): Promise<Finish>;
}
