/**
 * The places of tool calls in an answer. OpenAI's clients put the pieces of each together by its
 * `index`; some endpoints leave that out, or say null.
 */

import type { Chunk } from '../providers/chunk.ts';

/** Nothing of it is certain. */
interface ToolCall {
  readonly index?: unknown;
  readonly id?: unknown;
  readonly function?: { readonly name?: unknown } | null;
}

/** Of one answer, chunk by chunk. */
export class ToolIndexes {
  #last = -1;
  #lastId: unknown;

  /** `chunk`, with an index for each of its tool calls. */
  complete(chunk: Chunk): Chunk {
    const [choice, ...others] = chunk.choices ?? [];
    const calls: unknown = choice?.delta?.tool_calls;
    if (choice === undefined || !Array.isArray(calls)) return chunk;
    const delta = { ...choice.delta, tool_calls: calls.map((call) => this.#completeCall(call)) };
    return { ...chunk, choices: [{ ...choice, delta }, ...others] };
  }

  #completeCall(call: unknown): unknown {
    if (typeof call !== 'object' || call === null) return call;
    const { index, id, function: called } = call as ToolCall;
    if (typeof index === 'number') this.#last = index;
    else {
      // The pieces that follow repeat the id, or have neither that nor a name.
      const isNew = id ? id !== this.#lastId : Boolean(called?.name);
      if (isNew || this.#last < 0) this.#last += 1;
    }
    if (id) this.#lastId = id;
    return { ...call, index: this.#last };
  }
}
