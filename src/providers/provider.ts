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

export type ProviderEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly usage?: Usage };

export interface Provider {
  /**
   * Streams one answer. It ends with exactly one `finish`, or throws a MuseError. When `signal`
   * aborts, the call is ended within 100 ms and the iteration throws the signal's reason.
   */
  complete(request: CompletionRequest, signal: AbortSignal): AsyncIterable<ProviderEvent>;
}
