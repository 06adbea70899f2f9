/**
 * How many tokens a text is likely to have, without the model's own tokenizer. Tokenizers of today
 * make about one token of four Latin letters, of two of most other scripts, and of one character of
 * Chinese, Japanese and Korean; it is a guess, within a quarter or so.
 */

import { costOf } from '../facts.ts';
import type { Model } from '../models/model.ts';
import type { Message } from '../pages/messages.ts';

/** What frames a message in the model's own format. */
const AROUND_MESSAGE = 4;
/** `costOf` has billionths. */
const BILLION = 1_000_000_000;
const IDEOGRAPHS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;
const NOT_ASCII = /[^\u0000-\u007f]/gu;

export function estimateTokens(messages: readonly Message[]): number {
  return messages.reduce((sum, { content }) => sum + AROUND_MESSAGE + tokensIn(content), 0);
}

function tokensIn(text: string): number {
  const ideographs = text.match(IDEOGRAPHS)?.length ?? 0;
  const others = (text.match(NOT_ASCII)?.length ?? 0) - ideographs;
  const ascii = [...text].length - ideographs - others;
  return Math.ceil(ascii / 4 + others / 2 + ideographs);
}

/** In the currency of the model's price. */
export interface CostEstimate {
  readonly input: number;
  /** For the longest answer; undefined: the provider alone sets a limit. */
  readonly outputMost: number | undefined;
}

/** Undefined: models.json has no price for the model. */
export function estimateCost(
  model: Model,
  inputTokens: number,
  outputMost: number | undefined,
): CostEstimate | undefined {
  const input = costOf(model, { inputTokens, outputTokens: 0 });
  const output = costOf(model, { inputTokens: 0, outputTokens: outputMost ?? 0 });
  if (input === undefined || output === undefined) return undefined;
  return {
    input: input / BILLION,
    outputMost: outputMost === undefined ? undefined : output / BILLION,
  };
}
