/** A whole chat completion: made of the lines of its chunks, and told again as a stream. */

import type { BareChunk, Identity } from './chunk-lines.ts';
import { merge } from './merge.ts';

type Fields = Record<string, unknown>;

interface Choice {
  readonly index: number;
  readonly message: Readonly<Fields>;
  readonly logprobs: unknown;
  readonly finish_reason: unknown;
}

export interface ChatCompletion extends Identity {
  readonly object: 'chat.completion';
  readonly choices: readonly [Choice];
  readonly usage?: unknown;
}

/** The completion whose lines `text` holds. */
export function completionOf(text: string): ChatCompletion {
  const [first = '{}', ...lines] = text.trimEnd().split('\n');
  const identity: Identity = JSON.parse(first);
  const more: Fields = {};
  const message: Fields = { role: 'assistant', content: null };
  const logprobs: Fields = {};
  let reason: unknown = null;
  for (const line of lines) {
    const { choices, ...rest }: BareChunk = JSON.parse(line);
    Object.assign(more, rest);
    const [choice] = choices;
    if (choice === undefined) continue;
    merge(message, fieldsOf(choice.delta));
    merge(logprobs, fieldsOf(choice.logprobs));
    reason = choice.finish_reason ?? reason;
  }
  if (Array.isArray(message.tool_calls)) {
    message.tool_calls = message.tool_calls.map(({ index: _, ...call }) => call);
  }
  const { id, created, model } = identity;
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [
      {
        index: 0,
        message,
        logprobs: Object.keys(logprobs).length === 0 ? null : logprobs,
        finish_reason: reason,
      },
    ],
    ...more,
  };
}

/** The same as chunks: what it says, how it ends, and its usage if that is wanted. */
export function chunksOf(completion: ChatCompletion, includeUsage: boolean): object[] {
  const { choices, usage, object: _, ...common } = completion;
  const [{ message, logprobs, finish_reason }] = choices;
  const delta = { ...message };
  if (Array.isArray(delta.tool_calls)) {
    delta.tool_calls = delta.tool_calls.map((call: object, index) => ({ index, ...call }));
  }
  const chunk = (choice: object[], used: unknown): object => ({
    ...common,
    object: 'chat.completion.chunk',
    choices: choice,
    ...(includeUsage ? { usage: used } : {}),
  });
  return [
    chunk([{ index: 0, delta, logprobs, finish_reason: null }], null),
    chunk([{ index: 0, delta: {}, logprobs: null, finish_reason }], null),
    ...(includeUsage && usage !== undefined ? [chunk([], usage)] : []),
  ];
}

function fieldsOf(value: unknown): Readonly<Fields> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
