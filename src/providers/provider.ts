/** The seam between the pipeline and whoever writes the page. */

import type { Message } from '../pages/messages.ts';

/** What the provider is asked for; undefined settings are left out of the request. */
export interface CompletionRequest {
  readonly messages: readonly Message[];
  readonly temperature: number | undefined;
  /** 0 counts as undefined. */
  readonly maxTokens: number | undefined;
  /** Media type of the page. */
  readonly contentType: string;
  /** Seconds for the whole answer. */
  readonly timeout: number;
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
}

/** Takes an answer piece by piece, each while the bytes that hold it are being read. */
export interface CompletionSink {
  text(text: string): void;
  reasoning(text: string): void;
}

export interface Provider {
  /**
   * Streams one answer into `sink` and resolves at its end. Rejects with a MuseError; with the
   * signal's reason when that aborts; with what the sink throws. The call is over then: it has been
   * ended within 100 ms, and the sink gets nothing more.
   */
  complete(request: CompletionRequest, sink: CompletionSink, signal: AbortSignal): Promise<Finish>;
}
