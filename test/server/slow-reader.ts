import { connect, type Socket } from 'node:net';
import type { ReadableOptions } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** A visitor who takes an answer only in the bites that the test lets it take. */
export class SlowReader {
  readonly #socket: Socket;
  readonly #ended: Promise<void>;
  #taken: Buffer = Buffer.alloc(0);

  constructor(port: number, path: string) {
    // It reads from the kernel only while this buffer is not full.
    const buffer: ReadableOptions = { highWaterMark: 1024 };
    this.#socket = connect({ port, host: '127.0.0.1', ...buffer });
    this.#socket.pause();
    this.#socket.on('error', () => undefined);
    this.#ended = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  }

  /** What it has taken, head and chunks as they came. */
  get taken(): string {
    return this.#taken.toString('latin1');
  }

  /** Takes at most so many bytes, if there are any. */
  take(bytes: number): void {
    const piece: Buffer | null = this.#socket.read(bytes) ?? this.#socket.read();
    if (piece !== null) this.#taken = Buffer.concat([this.#taken, piece]);
  }

  /** Takes a kilobyte each time after so many milliseconds. */
  async sip(times: number, everyMs: number): Promise<void> {
    for (let n = 0; n < times; n += 1) {
      await sleep(everyMs);
      this.take(1024);
    }
  }

  /** Takes all the rest until the connection ends. */
  async finish(): Promise<string> {
    const pieces = [this.#taken];
    this.#socket.on('data', (piece: Buffer) => pieces.push(piece));
    this.#socket.resume();
    await this.#ended;
    this.#taken = Buffer.concat(pieces);
    return this.taken;
  }

  leave(): void {
    this.#socket.destroy();
  }
}
