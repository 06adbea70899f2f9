/**
 * The text of chunks that differ from one before in nothing but their text, as nearly all of a
 * stream do: found by comparing, at a fraction of what it takes to read their JSON.
 */

import type { Choice, Chunk } from './chunk.ts';

/** What JSON does not write as it is between quotation marks. */
const UNPLAIN = /["\\\u0000-\u001f]/;
/** No text of a model. */
const PROBE = 'mod_muse_ai probe';
/** How many chunks of a stream are tried: some endpoints write something new into each. */
const TRIES = 3;

export class PlainChunks {
  /** What stands before and behind the text; undefined: not known. */
  #around: readonly [before: string, behind: string] | undefined;
  #tries = 0;

  /** The text of an event's `data`, where that is all that it says; undefined: read it. */
  textIn(data: string): string | undefined {
    if (this.#around === undefined) return undefined;
    const [before, behind] = this.#around;
    const end = data.length - behind.length;
    if (end < before.length) return undefined;
    // startsWith and endsWith take twice as long.
    if (data.slice(0, before.length) !== before || data.slice(end) !== behind) return undefined;
    const text = data.slice(before.length, end);
    return UNPLAIN.test(text) ? undefined : text;
  }

  /** Takes `data`, which is `chunk` and says `text`, as an example of what follows. */
  learn(data: string, chunk: Chunk, text: string): void {
    if (this.#tries >= TRIES || text === '' || UNPLAIN.test(text) || !saysTextOnly(chunk)) return;
    this.#tries += 1;
    const mark = `"${text}"`;
    const at = data.lastIndexOf(mark);
    if (at < 0) return;
    const before = data.slice(0, at + 1);
    const behind = data.slice(at + mark.length - 1);
    // Another place may say the same.
    const probe = JSON.parse(before + PROBE + behind) as Chunk;
    if (probe.choices?.[0]?.delta?.content === PROBE) this.#around = [before, behind];
  }
}

function saysTextOnly({ choices, usage, error }: Chunk): boolean {
  const [choice] = choices ?? [];
  return !usage && !error && choice !== undefined && !choice.finish_reason && hasTextOnly(choice);
}

function hasTextOnly({ delta }: Choice): boolean {
  return !delta?.reasoning_content && !delta?.reasoning;
}
