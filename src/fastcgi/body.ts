/** The body of one request: what STDIN brings, waiting for the handler to read it. */

const HIGH_WATER = 65_536;

/** Asked to stop and go on as the body fills and empties. */
export interface Source {
  pause(): void;
  resume(): void;
}

/**
 * A bounded queue between the connection and the handler. A body that grows past the bound pauses
 * its connection; one that nobody is going to read is discarded, so that it can't pause it for
 * ever.
 */
export class RequestBody implements AsyncIterable<Uint8Array> {
  readonly #source: Source;
  readonly #signal: AbortSignal;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #paused = false;
  #ended = false;
  #reading = false;
  #discarding = false;
  #wake: (() => void) | undefined;

  constructor(source: Source, signal: AbortSignal) {
    this.#source = source;
    this.#signal = signal;
  }

  /** A piece from the connection. */
  add(piece: Uint8Array): void {
    if (this.#discarding || this.#ended) return;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes >= HIGH_WATER && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
    this.#wake?.();
  }

  /** There is no more to come. */
  finish(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** The answer has begun: a body that nobody began to read will not be read. */
  discardUnread(): void {
    if (!this.#reading) this.discard();
  }

  /** Nobody reads this body, or reads on; after an abort, wakes a reader to be told of it. */
  discard(): void {
    this.#discarding = true;
    this.#pieces = [];
    this.#emptied();
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    if (this.#reading) throw new Error('a request’s body can be read only once');
    this.#reading = true;
    try {
      for (;;) {
        this.#signal.throwIfAborted();
        const pieces = this.#pieces;
        this.#pieces = [];
        this.#emptied();
        yield* pieces;
        if (this.#pieces.length > 0) continue;
        if (this.#ended || this.#discarding) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.discard();
    }
  }

  #emptied(): void {
    this.#bytes = 0;
    if (!this.#paused) return;
    this.#paused = false;
    this.#source.resume();
  }
}
