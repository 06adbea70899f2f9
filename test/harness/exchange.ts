import type { Readable } from 'node:stream';

/** The head of an answer. */
export interface Head {
  readonly status: number;
  readonly statusText: string;
  readonly httpVersion: string;
  /** Lower-case names; a header that came more than once is joined by a comma and a blank. */
  readonly headers: Readonly<Record<string, string>>;
  /** Name, value, name, value as they came; empty for HTTP/2. */
  readonly rawHeaders: readonly string[];
}

/** A piece of the body and when it came, in milliseconds since the request was sent. */
export interface Piece {
  readonly at: number;
  readonly bytes: Buffer;
}

/** A whole answer. */
export interface Result extends Head {
  readonly body: Buffer;
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** Milliseconds until the head and until the end. */
  readonly headAt: number;
  readonly endAt: number;
  /** False when the connection broke before the answer was whole. */
  readonly complete: boolean;
}

/** A request under way, whose answer can be watched as it arrives. */
export class Exchange {
  /** Resolves with the head; rejects when the connection fails before it. */
  readonly head: Promise<Head>;
  /** Resolves when the answer is over, whole or broken; rejects as `head` does. */
  readonly done: Promise<Result>;
  readonly pieces: Piece[] = [];
  readonly #startedAt = performance.now();
  readonly #leave: () => void;
  readonly #head = Promise.withResolvers<Head>();
  readonly #done = Promise.withResolvers<Result>();
  readonly #watchers = new Set<() => void>();
  #arrived: { readonly head: Head; readonly at: number } | undefined;
  #body: Readable | undefined;
  #paused = false;
  #over = false;

  /** `leave` breaks the connection off. Use `openExchange` or `openHttp2`. */
  constructor(leave: () => void) {
    this.#leave = leave;
    this.head = this.#head.promise;
    this.done = this.#done.promise;
    // A test that looks at only one of the two must not fail for the other.
    this.head.catch(() => undefined);
    this.done.catch(() => undefined);
  }

  /** What came of the body so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.pieces.map((piece) => piece.bytes));
  }

  /** What came of the body so far, as text. */
  get text(): string {
    return this.bytes.toString('utf8');
  }

  get over(): boolean {
    return this.#over;
  }

  /** Resolves once the body so far contains `wanted`; rejects if the answer ends without it. */
  async waitFor(wanted: string): Promise<void> {
    while (!this.text.includes(wanted)) {
      if (this.#over) {
        throw new Error(`The answer ended without ${JSON.stringify(wanted)}:\n${this.text}`);
      }
      await this.change();
    }
  }

  /** Resolves when the next piece comes, or the answer ends. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#watchers.add(resolve));
  }

  /** Stops reading, as a slow client does: buffers fill up to the server. */
  pause(): void {
    this.#paused = true;
    this.#body?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#body?.resume();
  }

  /** Leaves: the connection is broken off at once. */
  leave(): void {
    this.#leave();
  }

  /** For the front ends: the head is there, and `body` follows. */
  begin(head: Head, body: Readable): void {
    this.#arrived = { head, at: this.#now() };
    this.#body = body;
    body.on('data', (bytes: Buffer) => {
      this.pieces.push({ at: this.#now(), bytes });
      this.#notify();
    });
    if (this.#paused) body.pause();
    this.#head.resolve(head);
  }

  /** For the front ends: nothing more comes. */
  finish(complete: boolean): void {
    if (this.#over || this.#arrived === undefined) return;
    this.#over = true;
    const body = Buffer.concat(this.pieces.map((piece) => piece.bytes));
    this.#done.resolve({
      ...this.#arrived.head,
      body,
      text: body.toString('utf8'),
      pieces: this.pieces,
      headAt: this.#arrived.at,
      endAt: this.#now(),
      complete,
    });
    this.#notify();
  }

  /** For the front ends: the connection failed. After the head this only ends the answer. */
  fail(error: Error): void {
    if (this.#arrived !== undefined) {
      this.finish(false);
      return;
    }
    this.#over = true;
    this.#head.reject(error);
    this.#done.reject(error);
    this.#notify();
  }

  #now(): number {
    return performance.now() - this.#startedAt;
  }

  #notify(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const watcher of watchers) watcher();
  }
}
