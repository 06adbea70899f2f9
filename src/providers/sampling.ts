/** How a model shall write: the page's word, then the model's own, then the site's. */

import type { Model } from '../models/model.ts';
import type { CompletionRequest } from './provider.ts';

/** What is undefined is not sent. */
export interface Sampling {
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[] | undefined;
}

export function samplingOf(
  request: Pick<
    CompletionRequest,
    'temperature' | 'topP' | 'maxTokens' | 'maxTokensDefault' | 'stop'
  >,
  model: Model,
): Sampling {
  return {
    temperature: request.temperature ?? model.temperature,
    topP: request.topP ?? model.topP,
    maxTokens: (request.maxTokens ?? model.maxTokens ?? request.maxTokensDefault) || undefined,
    stop: request.stop ?? model.stop,
  };
}
