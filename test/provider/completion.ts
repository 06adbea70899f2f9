import type { Step } from './script.ts';

/** What is said about one completion in every object that belongs to it. */
export interface Identity {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

/** A plausible usage object: four characters are about a token. */
export function countUsage(promptChars: number, completionTokens: number): Usage {
  const promptTokens = Math.ceil(promptChars / 4);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/**
 * One `chat.completion.chunk`. With `include_usage` every chunk but the last says `usage: null`,
 * as the OpenAI API reference has it.
 */
export function makeChunk(
  identity: Identity,
  delta: Readonly<Record<string, unknown>>,
  finishReason: string | null,
  withUsage: boolean,
): object {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finishReason }];
  const chunk = { ...identity, object: 'chat.completion.chunk', choices };
  return withUsage ? { ...chunk, usage: null } : chunk;
}

/** The chunk without choices that carries the usage, just before `[DONE]`. */
export function makeUsageChunk(identity: Identity, usage: Usage): object {
  return { ...identity, object: 'chat.completion.chunk', choices: [], usage };
}

/** The whole answer, for a request that did not ask for a stream. */
export function makeCompletion(
  identity: Identity,
  steps: readonly Step[],
  promptChars: number,
): object {
  const message: Record<string, string> = { role: 'assistant', content: '' };
  let finishReason: string | null = null;
  let tokens = 0;
  for (const step of steps) {
    if (step.kind === 'text') {
      message.content += step.text;
      tokens += 1;
    } else if (step.kind === 'reasoning') {
      message[step.field] = (message[step.field] ?? '') + step.text;
    } else if (step.kind === 'finish') {
      finishReason = step.reason;
    }
  }
  return {
    ...identity,
    object: 'chat.completion',
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    usage: countUsage(promptChars, tokens),
  };
}
