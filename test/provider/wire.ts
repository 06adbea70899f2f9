import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { Wire } from './script.ts';

/** Writes events in the pieces that a script asks for, cut anywhere, also inside a character. */
export class WireWriter {
  readonly #response: ServerResponse;
  readonly #wire: Wire;
  #pending: Buffer[] = [];

  constructor(response: ServerResponse, wire: Wire) {
    this.#response = response;
    this.#wire = wire;
  }

  /** Sends one `data:` event. */
  event(data: string): Promise<void> {
    const newline = this.#wire.newline ?? '\n';
    return this.write(`data: ${data}${newline}${newline}`);
  }

  /** Sends a comment line, which readers of event streams skip. */
  comment(value: string): Promise<void> {
    const newline = this.#wire.newline ?? '\n';
    return this.write(`: ${value}${newline}${newline}`);
  }

  /** Sends bytes as they are, or keeps them until `flush` when events go together. */
  async write(bytes: string | Uint8Array): Promise<void> {
    this.#pending.push(Buffer.from(bytes));
    if (this.#wire.together !== true) await this.flush();
  }

  /** Puts on the wire what was collected. */
  async flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    const size = this.#wire.pieceBytes ?? bytes.length;
    for (let offset = 0; offset < bytes.length; offset += size) {
      // A turn of the event loop between two pieces makes them two reads for the client.
      if (offset > 0) await setImmediate();
      await this.#put(bytes.subarray(offset, offset + size));
    }
  }

  async #put(piece: Buffer): Promise<void> {
    if (this.#response.destroyed || this.#response.write(piece)) return;
    const left = new AbortController();
    const { signal } = left;
    try {
      await Promise.race([
        once(this.#response, 'drain', { signal }),
        once(this.#response, 'close', { signal }),
      ]);
    } finally {
      left.abort();
    }
  }
}
