/**
 * A FastCGI client for tests: one connection, one request at a time, the answer as it comes.
 *
 *   const client = await FastCgiClient.connect(path);
 *   const answer = await client.ask({ params: { SCRIPT_FILENAME: '/srv/page.ai' } }).whole();
 */

import { createConnection, type Socket } from 'node:net';
import {
  encodeAbort,
  encodeBegin,
  encodeNameValues,
  encodeStream,
  encodeStreamEnd,
  type FastCgiEvent,
  RECORD,
  RecordDecoder,
  ROLE_RESPONDER,
} from '../../src/fastcgi/codec.ts';

export interface FastCgiQuestion {
  readonly params?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Whether the connection stays open for the next request; it does unless this is false. */
  readonly keep?: boolean;
}

export interface FastCgiHead {
  readonly status: number;
  /** Values by name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface FastCgiAnswer extends FastCgiHead {
  readonly body: Buffer;
  readonly text: string;
  /** The lines about this request, with their `<N>`. */
  readonly log: readonly string[];
  readonly appStatus: number;
  readonly protocolStatus: number;
}

const REQUEST_ID = 1;

/** The answer to one question. */
export class FastCgiResponse {
  readonly #abort: () => void;
  readonly #waiting = new Set<() => void>();
  #pieces: Uint8Array[] = [];
  #log = '';
  #bodyAt = -1;
  #end: { readonly appStatus: number; readonly protocolStatus: number } | undefined;
  #failure: Error | undefined;

  constructor(abort: () => void) {
    this.#abort = abort;
  }

  /** Asks the server to stop, with ABORT_REQUEST. */
  abort(): void {
    this.#abort();
  }

  /** The head, as soon as it is whole. */
  async head(): Promise<FastCgiHead> {
    await this.#until(() => this.#bodyAt >= 0);
    const lines = this.#output.toString('latin1', 0, this.#bodyAt).trimEnd().split('\r\n');
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    return { status: Number(headers.get('status') ?? 200), headers };
  }

  /** What came of the body so far, once `done` says that it is enough. */
  async bodyUntil(done: (body: Buffer) => boolean): Promise<Buffer> {
    await this.#until(() => this.#bodyAt >= 0 && done(this.#output.subarray(this.#bodyAt)));
    return this.#output.subarray(this.#bodyAt);
  }

  /** The whole answer. Rejects when the connection ends before it. */
  async whole(): Promise<FastCgiAnswer> {
    await this.#until(() => this.#end !== undefined);
    const end = this.#end ?? { appStatus: 0, protocolStatus: 0 };
    const log = this.#log.split('\n').slice(0, -1);
    if (this.#bodyAt < 0) {
      const body = Buffer.alloc(0);
      return { status: 0, headers: new Map(), body, text: '', log, ...end };
    }
    const body = this.#output.subarray(this.#bodyAt);
    return { ...(await this.head()), body, text: body.toString(), log, ...end };
  }

  take(event: FastCgiEvent): void {
    if (event.type === 'stdout') {
      this.#pieces.push(event.data);
      if (this.#bodyAt < 0) {
        const at = this.#output.indexOf('\r\n\r\n');
        if (at >= 0) this.#bodyAt = at + 4;
      }
    } else if (event.type === 'stderr') {
      this.#log += Buffer.from(event.data).toString();
    } else if (event.type === 'end') {
      this.#end = event;
    }
    this.#wake();
  }

  fail(failure: Error): void {
    this.#failure ??= failure;
    this.#wake();
  }

  /** All that came so far; put together only when somebody looks. */
  get #output(): Buffer {
    const output = Buffer.concat(this.#pieces);
    this.#pieces = [output];
    return output;
  }

  async #until(done: () => boolean): Promise<void> {
    while (!done()) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#end !== undefined) throw new Error('the answer ended before that');
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

export class FastCgiClient {
  /** For what the calls below can't say: raw bytes, a slow reader. */
  readonly socket: Socket;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>;
  /** Management records and answers to requests that nobody asked. */
  readonly events: FastCgiEvent[] = [];
  readonly #decoder = new RecordDecoder();
  #response: FastCgiResponse | undefined;
  #eventCame: PromiseWithResolvers<void> = Promise.withResolvers();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      for (const event of this.#decoder.push(bytes)) this.#take(event);
    });
    const fail = (error: Error): void => this.#response?.fail(error);
    socket.on('error', fail);
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        fail(new Error('the server closed the connection before the answer’s end'));
        resolve();
      });
    });
  }

  /** Connects to the Unix socket at `path`. */
  static connect(path: string): Promise<FastCgiClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path, () => {
        socket.off('error', reject);
        resolve(new FastCgiClient(socket));
      });
      socket.once('error', reject);
    });
  }

  /** Sends a whole request. */
  ask(question: FastCgiQuestion = {}): FastCgiResponse {
    const { params = {}, body = '', keep = true } = question;
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const response = this.expectAnswer();
    this.send([
      encodeBegin(REQUEST_ID, ROLE_RESPONDER, keep),
      ...encodeStream(RECORD.params, REQUEST_ID, encodeNameValues(Object.entries(params))),
      encodeStreamEnd(RECORD.params, REQUEST_ID),
      ...encodeStream(RECORD.stdin, REQUEST_ID, bytes),
      encodeStreamEnd(RECORD.stdin, REQUEST_ID),
    ]);
    return response;
  }

  /** The answer to a request that the test sends itself. */
  expectAnswer(): FastCgiResponse {
    const response = new FastCgiResponse(() => this.send([encodeAbort(REQUEST_ID)]));
    this.#response = response;
    return response;
  }

  send(records: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(records));
  }

  /** The first event, from now on or before, that is no part of an answer and that fits. */
  async event(fits: (event: FastCgiEvent) => boolean): Promise<FastCgiEvent> {
    for (;;) {
      const found = this.events.find(fits);
      if (found !== undefined) return found;
      await this.#eventCame.promise;
    }
  }

  close(): void {
    this.socket.destroy();
  }

  #take(event: FastCgiEvent): void {
    if ('requestId' in event && event.requestId === REQUEST_ID && this.#response !== undefined) {
      this.#response.take(event);
      return;
    }
    this.events.push(event);
    this.#eventCame.resolve();
    this.#eventCame = Promise.withResolvers();
  }
}
