/** The writing half of a connection: at once, with back-pressure, and an end that loses nothing. */

import type { Socket } from 'node:net';
import type { ReplyChannel } from './reply.ts';

/** How long a closed connection waits for the other side to close it too. */
const LINGER_MS = 2_000;

/** Up to here one copy costs less than the kernel's list of many small pieces. */
const JOIN_MAX = 16_384;

export class Channel implements ReplyChannel {
  readonly #socket: Socket;
  /** What was sent in this turn of the event loop. */
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #drain: PromiseWithResolvers<void> | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('drain', () => this.release());
    socket.on('close', () => this.release());
  }

  /** No more can be sent. */
  get isClosed(): boolean {
    return this.#socket.writableEnded || this.#socket.destroyed;
  }

  send(parts: readonly Uint8Array[], isHead = false): boolean {
    if (this.isClosed) return true;
    // What is sent at once leaves with one system call. An answer's end follows its beginning by a
    // few promises only, if it was there at once; httpd is spared a lot when both come together.
    if (this.#parts.length === 0) {
      if (isHead) setImmediate(() => this.#flush());
      else process.nextTick(() => this.#flush());
    }
    for (const part of parts) {
      this.#parts.push(part);
      this.#bytes += part.length;
    }
    return !this.#needsDrain;
  }

  get #needsDrain(): boolean {
    const { writableNeedDrain, writableLength, writableHighWaterMark } = this.#socket;
    return writableNeedDrain || writableLength + this.#bytes >= writableHighWaterMark;
  }

  #flush(): void {
    const parts = this.#parts;
    const bytes = this.#bytes;
    if (parts.length === 0) return;
    this.#parts = [];
    this.#bytes = 0;
    if (this.isClosed) return;
    if (bytes <= JOIN_MAX) {
      this.#socket.write(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts, bytes));
    } else {
      this.#socket.cork();
      for (const part of parts) this.#socket.write(part);
      this.#socket.uncork();
    }
    // Taken at once by the kernel: there will be no 'drain' for it.
    if (!this.#socket.writableNeedDrain) this.release();
  }

  drained(): Promise<void> {
    if (this.isClosed || !this.#needsDrain) return Promise.resolve();
    this.#drain ??= Promise.withResolvers();
    return this.#drain.promise;
  }

  /** Lets whoever waits for `drained` go on. */
  release(): void {
    this.#drain?.resolve();
    this.#drain = undefined;
  }

  /**
   * Sends the end after all that waits to be sent, however slow its reader is, and then waits for
   * the other side's. Closing at once would take back what the kernel has not delivered yet, if
   * anything unread lies on this side.
   */
  close(): void {
    if (this.isClosed) return;
    this.#flush();
    this.#socket.end(() => {
      this.#socket.setTimeout(LINGER_MS, () => this.#socket.destroy());
    });
  }

  /** Ends both halves now. */
  destroy(): void {
    this.#socket.destroy();
    this.release();
  }
}
