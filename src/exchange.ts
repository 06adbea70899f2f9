/**
 * The one request and reply that every front end turns its protocol into.
 *
 * The pipeline is written against this file alone. A front end promises what the comments here
 * say, and the pipeline relies on nothing else.
 */

/** Levels of a log line about one request, as httpd names them. */
export type LogLevel = 'error' | 'warn' | 'notice' | 'info' | 'debug';

/** One request as the pipeline sees it; nothing in it knows the protocol it came by. */
export interface PageRequest {
  /** Names and values as the httpd module sent them; bytes that are not UTF-8 become U+FFFD. */
  readonly params: ReadonlyMap<string, string>;

  /**
   * The request's body, to be read at most once, and before `reply.head()`: what is not being
   * read by then is discarded, so that an unread body can't hide the client's leaving. Iteration
   * throws `signal.reason` when the client leaves in the middle of it.
   */
  readonly body: AsyncIterable<Uint8Array>;

  /** Aborted when the client left before the reply ended, or the server gives up at once. */
  readonly signal: AbortSignal;
}

/** One header line: its name and its value. */
export type Header = readonly [name: string, value: string];

/**
 * The answer to one request. After the client has left, every call is accepted and does nothing,
 * so that a handler needs no check before each of them.
 */
export interface Reply {
  /**
   * Sends status and headers; once, and before any body. Sent at once, not with the first byte
   * of the body.
   *
   * @throws {BadHeadError} a status out of 200…599, a name that is no token, or a value with a
   *   character that may not stand in a header; nothing was sent then, so that another head may be.
   * @throws {ReplyOrderError} the head was already sent, or the reply has ended.
   */
  head(status: number, headers: readonly Header[]): void;

  /**
   * Sends a piece of the body now; strings go as UTF-8.
   *
   * @returns undefined: go on at once. A promise: the reader is slower than the writer; it
   *   resolves (and never rejects) when what was written has left, or the client has.
   * @throws {ReplyOrderError} before `head()` or after `end()`.
   */
  write(chunk: Uint8Array | string): Promise<void> | undefined;

  /** Tells httpd a fact about this answer for its access log: a note such as `muse-model`. */
  note(name: string, value: string): void;

  /** Adds one line about this request to httpd's error log. Control characters are escaped. */
  log(level: LogLevel, text: string): void;

  /**
   * Ends the reply. `broken`: the body is not all there, and whoever reads it must not keep it.
   *
   * @throws {ReplyOrderError} before `head()`, or when it has already ended.
   */
  end(outcome: 'whole' | 'broken'): void;
}

/**
 * Answers one request. A handler that throws or returns without `end()` leaves no client waiting:
 * before `head()` the front end answers 500, after it the reply ends as broken.
 */
export type Handler = (request: PageRequest, reply: Reply) => Promise<void>;

/** A head that would not be a well-formed answer; `part` names what is wrong with it. */
export class BadHeadError extends Error {
  override readonly name = 'BadHeadError';
  readonly code = 'MUSE_BAD_HEAD';
  readonly part: 'status' | 'name' | 'value';

  constructor(part: 'status' | 'name' | 'value', message: string) {
    super(message);
    this.part = part;
  }
}

/** Calls of a reply in an order that makes no answer: a mistake in the handler. */
export class ReplyOrderError extends Error {
  override readonly name = 'ReplyOrderError';
  readonly code = 'MUSE_REPLY_ORDER';
}
