/**
 * One answer while it is written, for any number of readers.
 *
 * It is held once. A reader is an offset into it, so that none slows another, and a late one gets
 * what there is at once. When the last reader leaves, the writing is aborted, unless it is to be
 * finished for the cache.
 */

import type { Answer } from './caching/answer.ts';
import { MuseError } from './errors.ts';
import type { Log } from './log.ts';
import type { Finish } from './providers/provider.ts';
import { TextBlocks } from './text-blocks.ts';

/**
 * `whole`: to its end, with the answer that the cache has now, if it has. `cut`: the provider ended
 * it early, at its limit of tokens or by a filter, and the page says so.
 * `failed`: nothing was written. `broken`: it ends with a notice after what was written.
 */
export type Outcome =
  | { readonly kind: 'whole'; readonly finish: Finish; readonly kept: Answer | undefined }
  | { readonly kind: 'cut'; readonly finish: Finish }
  | { readonly kind: 'failed'; readonly error: MuseError }
  | { readonly kind: 'broken'; readonly error: MuseError };

/**
 * Writes the answer piece by piece. It returns how the answer ended (only one that ended with
 * `stop` is complete), or throws; `notice` then gives the piece that ends the page.
 */
export interface Writer {
  write(emit: (piece: string) => void, signal: AbortSignal): Promise<Finish>;
  notice(error: MuseError): string;
}

/** Takes a complete answer to the cache, before any reader is told that it is whole. */
export type Keep = (body: Buffer) => Promise<Answer | undefined>;

/** Someone who reads along. */
export interface Reader {
  /** There is more to read, or the answer has ended. Quick, and never throws. */
  wake(): void;
}

export interface CompletionOptions {
  readonly writer: Writer;
  readonly keep: Keep;
  /** Bytes; an answer that has more breaks off. */
  readonly bytesMax: number;
  /** Whether an answer that nobody reads any more is written to its end all the same. */
  readonly finishAbandoned: boolean;
  /** Told once what all readers meet. */
  readonly log: Log;
}

/**
 * How many readers are woken in one turn of the event loop. What they send leaves at its end: with
 * a crowd of readers, the first would else wait for the last, and all other pages for both.
 */
const READERS_AT_ONCE = 32;

export class Completion {
  // Not the writer, which holds the prompt: who keeps an answer keeps its text alone.
  readonly #options: Pick<CompletionOptions, 'bytesMax' | 'finishAbandoned' | 'log'>;
  readonly #text = new TextBlocks();
  readonly #controller = new AbortController();
  readonly #readers = new Set<Reader>();
  readonly #ended = Promise.withResolvers<Outcome>();
  #outcome: Outcome | undefined;
  #wakes = false;

  /** Begins to write at once. */
  constructor({ writer, keep, ...options }: CompletionOptions) {
    this.#options = options;
    void this.#run(writer, keep);
  }

  /** Undefined while it is written. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /** Nobody may join any more: the last reader has left, and the writing is being ended. */
  get isAborted(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Bytes that are written. */
  get length(): number {
    return this.#text.length;
  }

  /** Resolves when the outcome is there. */
  get ended(): Promise<Outcome> {
    return this.#ended.promise;
  }

  /** From now on `reader` is woken; it is not, for what there is already. */
  join(reader: Reader): void {
    this.#readers.add(reader);
  }

  leave(reader: Reader): void {
    if (!this.#readers.delete(reader) || this.#readers.size > 0) return;
    if (this.#outcome !== undefined || this.#options.finishAbandoned) return;
    this.#controller.abort(new Error('nobody reads the answer any more'));
  }

  /** A view of what is written from the byte `from` on; undefined: no more for now. */
  read(from: number): Buffer | undefined {
    return this.#text.view(from);
  }

  /** A copy of all that is written. */
  whole(): Buffer {
    return this.#text.whole();
  }

  async #run(writer: Writer, keep: Keep): Promise<void> {
    const { signal } = this.#controller;
    try {
      const finish = await writer.write((piece) => this.#add(piece), signal);
      if (finish.reason !== 'stop') this.#finish({ kind: 'cut', finish });
      else this.#finish({ kind: 'whole', finish, kept: await keep(this.#text.whole()) });
    } catch (thrown) {
      const error = MuseError.from(thrown);
      if (this.#text.length === 0) {
        this.#say(error, error.message);
        this.#finish({ kind: 'failed', error });
        return;
      }
      this.#append(writer.notice(error));
      this.#say(error, `the page broke off: ${error.message}`);
      this.#finish({ kind: 'broken', error });
    }
  }

  /** That nobody is left to read is nobody's failure. */
  #say(error: MuseError, text: string): void {
    if (!this.isAborted) this.#options.log.write(error.code, text);
  }

  #add(piece: string): void {
    this.#controller.signal.throwIfAborted();
    this.#append(piece);
    const { bytesMax } = this.#options;
    if (this.#text.length > bytesMax) {
      const advice = 'see MuseAiMaxPageSize';
      const text = `the answer has more than ${bytesMax} bytes, so the page ends there; ${advice}`;
      throw new MuseError('answer-too-long', text);
    }
  }

  #append(piece: string): void {
    if (piece === '') return;
    this.#text.append(piece);
    if (this.#wakes) return;
    // Once for all that comes with one read from the provider, and before the next.
    this.#wakes = true;
    process.nextTick(() => this.#wake());
  }

  #finish(outcome: Outcome): void {
    this.#outcome = outcome;
    this.#ended.resolve(outcome);
    this.#wake();
  }

  #wake(): void {
    this.#wakes = false;
    wakeInTurns(this.#readers.values());
  }
}

/** Readers that come or leave meanwhile do no harm: one more waking finds nothing more to read. */
function wakeInTurns(readers: Iterator<Reader>): void {
  for (let count = 0; count < READERS_AT_ONCE; count += 1) {
    const { value: reader, done } = readers.next();
    if (done === true) return;
    reader.wake();
  }
  setImmediate(wakeInTurns, readers);
}
