/**
 * One answer while it is written, for any number of readers.
 *
 * The pieces are kept in one list; a reader is an offset into it, so that none slows another and
 * a late one gets what there is at once. When the last reader leaves, the writing is aborted.
 */

import type { Answer } from './caching/answer.ts';
import { MuseError } from './errors.ts';

/**
 * `whole`: to its end, with the answer that the cache has now, if it has. `cut`: the provider ended
 * it early, at its limit of tokens or by a filter, and the page says so.
 * `failed`: nothing was written. `broken`: it ends with a notice after what was written.
 */
export type Outcome =
  | { readonly kind: 'whole'; readonly kept: Answer | undefined }
  | { readonly kind: 'cut' }
  | { readonly kind: 'failed'; readonly error: MuseError }
  | { readonly kind: 'broken'; readonly error: MuseError };

/**
 * Writes the answer piece by piece. It returns whether the answer is complete (one that reached
 * its length limit is not), or throws; `notice` then gives the piece that ends the page.
 */
export interface Writer {
  write(
    emit: (piece: string) => void,
    signal: AbortSignal,
  ): Promise<{ readonly complete: boolean }>;
  notice(error: MuseError): string;
}

/** Takes a complete answer to the cache, before any reader is told that it is whole. */
export type Keep = (body: Buffer) => Promise<Answer | undefined>;

const BYTES_MAX = 16 * 1_048_576;

export class Completion {
  readonly #pieces: Buffer[] = [];
  readonly #controller = new AbortController();
  #bytes = 0;
  #readers = 0;
  #outcome: Outcome | undefined;
  readonly #waiting = new Set<() => void>();

  /** Begins to write at once. */
  constructor(writer: Writer, keep: Keep) {
    void this.#run(writer, keep);
  }

  /** Undefined while it is written. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /**
   * The pieces from the first on, then those to come; ends with the answer (see `outcome`) or when
   * `signal` aborts. What has piled up for a slow reader comes as one piece.
   */
  async *read(signal: AbortSignal): AsyncGenerator<Buffer, void> {
    let wake = (): void => {};
    const leave = (): void => wake();
    signal.addEventListener('abort', leave, { once: true });
    this.#readers += 1;
    try {
      let next = 0;
      while (!signal.aborted) {
        const ready = this.#pieces.slice(next);
        next += ready.length;
        const [first] = ready;
        if (first !== undefined) yield ready.length === 1 ? first : Buffer.concat(ready);
        else if (this.#outcome !== undefined) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
            this.#waiting.add(resolve);
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', leave);
      this.#waiting.delete(wake);
      this.#readers -= 1;
      if (this.#readers === 0 && this.#outcome === undefined) {
        this.#controller.abort(new Error('nobody reads the answer any more'));
      }
    }
  }

  async #run(writer: Writer, keep: Keep): Promise<void> {
    const { signal } = this.#controller;
    try {
      const { complete } = await writer.write((piece) => this.#add(piece), signal);
      if (complete) {
        this.#finish({ kind: 'whole', kept: await keep(Buffer.concat(this.#pieces)) });
      } else this.#finish({ kind: 'cut' });
    } catch (thrown) {
      const error = MuseError.from(thrown);
      if (this.#bytes === 0) this.#finish({ kind: 'failed', error });
      else {
        if (!signal.aborted) this.#append(writer.notice(error));
        this.#finish({ kind: 'broken', error });
      }
    }
  }

  #add(piece: string): void {
    this.#controller.signal.throwIfAborted();
    this.#append(piece);
    if (this.#bytes > BYTES_MAX) {
      throw new MuseError('answer-too-long', `the answer has more than ${BYTES_MAX} bytes`);
    }
  }

  #append(piece: string): void {
    if (piece === '') return;
    const bytes = Buffer.from(piece);
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    this.#wake();
  }

  #finish(outcome: Outcome): void {
    this.#outcome = outcome;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
