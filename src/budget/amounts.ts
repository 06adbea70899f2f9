/**
 * How much a call may use at most, and what it is taken to have used where the provider does not
 * say: rather too much than too little.
 */

import { costOf } from '../facts.ts';
import type { Model } from '../models/model.ts';
import type { CompletionRequest, Usage } from '../providers/provider.ts';
import { samplingOf } from '../providers/sampling.ts';
import type { BudgetUnit } from '../region-types.ts';

/** Where no limit is sent, the longest answer that is reckoned with. */
const OUTPUT_MOST = 32_768;
/** What frames a message, and the request, in the model's own format. */
const AROUND = 16;
/** A token of English has about four bytes, one of other languages rarely fewer than two. */
const BYTES_FOR_A_TOKEN = 2;
/** What a model may think in a second, unseen, before it writes. */
const TOKENS_A_SECOND = 200;

/** The most that a call can use: no token has less than a byte, and no more come than were asked for. */
export function mostOf(request: CompletionRequest, model: Model): Usage {
  return {
    inputTokens: bytesOf(request) + framesOf(request),
    outputTokens: samplingOf(request, model).maxTokens ?? OUTPUT_MOST,
  };
}

/** What of an answer came, and how many seconds nothing had come. */
export interface Seen {
  readonly bytes: number;
  readonly silence: number;
}

export function estimateOf(request: CompletionRequest, most: Usage, seen: Seen): Usage {
  const thought = Math.min(most.outputTokens, Math.ceil(seen.silence * TOKENS_A_SECOND));
  return {
    inputTokens: Math.ceil(bytesOf(request) / BYTES_FOR_A_TOKEN) + framesOf(request),
    outputTokens: Math.ceil(seen.bytes / BYTES_FOR_A_TOKEN) + thought,
  };
}

/** In the budget's unit; undefined: the model has no price. */
export function amountOf(unit: BudgetUnit, usage: Usage, model: Model): number | undefined {
  if (unit === 'cost') return costOf(model, usage);
  return usage.inputTokens + usage.outputTokens;
}

function bytesOf({ messages, verbatim }: CompletionRequest): number {
  if (verbatim !== undefined) {
    const { fields } = verbatim;
    return Buffer.byteLength(JSON.stringify([verbatim.messages, fields.tools, fields.functions]));
  }
  return messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
}

function framesOf({ messages }: CompletionRequest): number {
  return AROUND * (messages.length + 1);
}
