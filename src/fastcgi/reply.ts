/** The reply of one FastCGI request: the common calls, turned into records. */

import { type Header, type LogLevel, type Reply, ReplyOrderError } from '../exchange.ts';
import { encodeEnd, encodeStream, encodeStreamEnd } from './encoder.ts';
import { encodeHead } from './head.ts';
import { PROTOCOL_STATUS, RECORD } from './protocol.ts';

/** What a reply needs of its connection. */
export interface ReplyChannel {
  /**
   * Writes without delay, if with what follows a head in the same turn of the event loop; false
   * when the other side does not keep up.
   */
  send(parts: readonly Uint8Array[], isHead?: boolean): boolean;
  /** Resolves when all that was sent has left, or there is nobody to take it. */
  drained(): Promise<void>;
}

/** Told once each. */
export interface ReplyListener {
  begun(): void;
  ended(): void;
}

const SYSLOG: Readonly<Record<LogLevel, number>> = {
  error: 3,
  warn: 4,
  notice: 5,
  info: 6,
  debug: 7,
};
/** appStatus of an answer that broke off; the httpd module aborts its client then. */
const BROKEN = 1;

export class FastCgiReply implements Reply {
  readonly #id: number;
  readonly #channel: ReplyChannel;
  readonly #listener: ReplyListener;
  #stage: 'new' | 'begun' | 'ended' | 'gone' = 'new';
  #logged = false;
  /** Those that are known before the head go with it, which costs httpd less than a line. */
  readonly #notes = new Map<string, string>();

  constructor(requestId: number, channel: ReplyChannel, listener: ReplyListener) {
    this.#id = requestId;
    this.#channel = channel;
    this.#listener = listener;
  }

  get hasBegun(): boolean {
    return this.#stage !== 'new';
  }

  /** Ended by the handler, or of no use since the client left. */
  get isOver(): boolean {
    return this.#stage === 'ended' || this.#stage === 'gone';
  }

  head(status: number, headers: readonly Header[]): void {
    if (this.#stage === 'gone') return;
    if (this.#stage !== 'new') throw new ReplyOrderError('a reply has one head, before its body');
    const bytes = encodeHead(status, [...headers, ...this.#notes]);
    this.#stage = 'begun';
    this.#channel.send(encodeStream(RECORD.stdout, this.#id, bytes), true);
    this.#listener.begun();
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    if (this.#stage === 'gone') return undefined;
    if (this.#stage !== 'begun') {
      throw new ReplyOrderError('a reply’s body comes after its head and before its end');
    }
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    const keepsUp = this.#channel.send(encodeStream(RECORD.stdout, this.#id, bytes));
    return keepsUp ? undefined : this.#channel.drained();
  }

  note(name: string, value: string): void {
    if (this.isOver || this.#notes.get(name) === value) return;
    const fitsHead = this.#stage === 'new' && /^[\x20-\x7e]*$/.test(value);
    if (fitsHead) this.#notes.set(name, value);
    else this.#say(`=${name} ${escapeControls(value)}\n`);
  }

  log(level: LogLevel, text: string): void {
    if (!this.isOver) this.#say(`<${SYSLOG[level]}>${escapeControls(text)}\n`);
  }

  #say(line: string): void {
    this.#logged = true;
    this.#channel.send(encodeStream(RECORD.stderr, this.#id, Buffer.from(line)));
  }

  end(outcome: 'whole' | 'broken'): void {
    if (this.#stage === 'gone') return;
    if (this.#stage !== 'begun') throw new ReplyOrderError('a reply ends once, after its head');
    const appStatus = outcome === 'whole' ? 0 : BROKEN;
    const parts = [encodeStreamEnd(RECORD.stdout, this.#id)];
    if (this.#logged) parts.push(encodeStreamEnd(RECORD.stderr, this.#id));
    parts.push(encodeEnd(this.#id, appStatus, PROTOCOL_STATUS.requestComplete));
    this.#stage = 'ended';
    this.#channel.send(parts);
    this.#listener.ended();
  }

  /** The request is for another server: nothing of it was done, and it may be sent there. */
  refuse(): void {
    this.#stage = 'ended';
    this.#channel.send([encodeEnd(this.#id, 0, PROTOCOL_STATUS.unknownRole)]);
    this.#listener.ended();
  }

  /** The client asked to stop: the request ends now, whatever the handler still does. */
  abandon(): void {
    if (this.isOver) return;
    this.#stage = 'gone';
    this.#channel.send([encodeEnd(this.#id, BROKEN, PROTOCOL_STATUS.requestComplete)]);
    this.#listener.ended();
  }

  /** The connection is gone: from now on every call does nothing. */
  disconnect(): void {
    if (!this.isOver) this.#stage = 'gone';
  }
}

/** `text` as one line: a line break or an escape sequence in it would forge the log. */
function escapeControls(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
