/** Server-sent events on a reply (HTML Living Standard, section 9.2): how they look on the wire. */

import { StringDecoder } from 'node:string_decoder';
import type { MuseError } from '../errors.ts';
import type { Header, Reply } from '../exchange.ts';
import type { Finish } from '../providers/provider.ts';
import { advance, formatPosition, type Position, START } from './position.ts';

/** Milliseconds after which an EventSource whose connection broke comes back. */
const RETRY_MS = 2_000;

/** What `done` says. */
export interface Done {
  readonly model: string;
  readonly finish: Finish;
  readonly cached: boolean;
}

export class EventWriter {
  readonly #reply: Reply;
  readonly #head: () => readonly Header[];
  readonly #opening: string;
  /** Holds the first bytes of a character whose last ones come with the next piece. */
  readonly #decoder = new StringDecoder('utf8');
  #position: Position;
  #begun = false;

  /**
   * `position`: where in the page the first chunk stands. `restarts`: the reader has text of
   * another answer, which this one does not go on with. The head goes with the first event, so
   * that a failure before it can still be told by a status.
   */
  constructor(reply: Reply, head: () => readonly Header[], position: Position, restarts: boolean) {
    this.#reply = reply;
    this.#head = head;
    this.#opening = `retry: ${RETRY_MS}\n\n${restarts ? event('restart', {}, START) : ''}`;
    this.#position = position;
  }

  /** The head is sent: from now on a failure is an event. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Sends a piece of the page; a promise, as `reply.write` gives it. */
  chunk(bytes: Buffer): Promise<void> | undefined {
    const text = this.#decoder.write(bytes);
    if (text === '') return undefined;
    this.#position = advance(this.#position, text);
    return this.#send(event('chunk', { text }, this.#position));
  }

  /** Shows all on the way that the connection is alive. */
  comment(): void {
    this.#send(': the page is being written\n\n');
  }

  done({ model, finish, cached }: Done): void {
    const { reason, usage } = finish;
    const tokens = usage && { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens };
    this.#end('done', { model, finish_reason: reason, cached, ...(tokens && { usage: tokens }) });
  }

  error({ code, visitorMessage, status, retryAfter }: MuseError): void {
    const wait = retryAfter === undefined ? {} : { retry_after: retryAfter };
    this.#end('error', { code, message: visitorMessage, status, ...wait });
  }

  /** With its id the reader is told, if it comes back by itself, that there is no more. */
  #end(name: string, data: object): void {
    this.#send(event(name, data, { ...this.#position, ended: true }));
    this.#reply.end('whole');
  }

  #send(text: string): Promise<void> | undefined {
    if (this.#begun) return this.#reply.write(text);
    this.#reply.head(200, this.#head());
    this.#begun = true;
    return this.#reply.write(this.#opening + text);
  }
}

/** JSON has no line break outside its strings and none unescaped in them, so it is one line. */
function event(name: string, data: object, position: Position): string {
  const id = formatPosition(position);
  return `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}
