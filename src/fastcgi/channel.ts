/** The writing half of a connection: at once, with back-pressure, and an end that loses nothing. */

import type { Socket } from 'node:net';
import type { ReplyChannel } from './reply.ts';

/** How long a closed connection waits for the other side to close it too. */
const LINGER_MS = 2_000;

export class Channel implements ReplyChannel {
  readonly #socket: Socket;
  #corked = false;
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

  send(parts: readonly Uint8Array[]): boolean {
    if (this.isClosed) return true;
    // All that is written in this turn of the event loop leaves with one system call, at its end.
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    for (const part of parts) this.#socket.write(part);
    return !this.#socket.writableNeedDrain;
  }

  drained(): Promise<void> {
    if (this.isClosed || !this.#socket.writableNeedDrain) return Promise.resolve();
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
