/**
 * Text that grows, as UTF-8: one copy of it, in blocks that never move, so that any number of
 * readers can hold views of it while it grows.
 */

const FIRST_BLOCK = 4_096;
const LARGEST_BLOCK = 65_536;
/** Bytes of UTF-8 for one UTF-16 unit, at most. */
const UNIT_MAX = 3;

interface Block {
  /** Offset in the whole of its first byte. */
  readonly start: number;
  readonly bytes: Buffer;
}

export class TextBlocks {
  readonly #blocks: Block[] = [];
  #length = 0;

  /** Bytes. */
  get length(): number {
    return this.#length;
  }

  append(text: string): void {
    const block = this.#last;
    const used = block === undefined ? 0 : this.#length - block.start;
    if (block !== undefined && text.length * UNIT_MAX <= block.bytes.length - used) {
      this.#length += block.bytes.write(text, used);
      return;
    }
    const bytes = Buffer.from(text);
    let at = 0;
    if (block !== undefined) {
      at = bytes.copy(block.bytes, used);
      this.#length += at;
    }
    if (at === bytes.length) return;
    const next = this.#add(bytes.length - at);
    this.#length += bytes.copy(next.bytes, 0, at);
  }

  /** A view of what stands at `from` and is there in one piece; undefined at the end. */
  view(from: number): Buffer | undefined {
    if (from >= this.#length) return undefined;
    for (let i = this.#blocks.length - 1; i >= 0; i -= 1) {
      const block = this.#blocks[i];
      if (block === undefined || block.start > from) continue;
      return block.bytes.subarray(from - block.start, this.#length - block.start);
    }
    return undefined;
  }

  /** A copy of the whole. */
  whole(): Buffer {
    return Buffer.concat(
      this.#blocks.map(({ bytes }) => bytes),
      this.#length,
    );
  }

  get #last(): Block | undefined {
    return this.#blocks.at(-1);
  }

  #add(atLeast: number): Block {
    const usual = Math.min(LARGEST_BLOCK, (this.#last?.bytes.length ?? FIRST_BLOCK / 2) * 2);
    const bytes = Buffer.allocUnsafeSlow(Math.max(usual, atLeast));
    const block = { start: this.#length, bytes };
    this.#blocks.push(block);
    return block;
  }
}
