/**
 * HTTP to a provider, by undici's dispatcher: what arrives is handed on while it is being read,
 * with no stream or promise in between. It sends the headers it is given, waits as long as its
 * caller does, and follows no redirect: a key must not travel to a host that nobody named.
 */

import type { Dispatcher } from 'undici';
import type { Environment } from '../environment.ts';
import { systemCode } from '../errors.ts';
import type { PoolSettings } from '../settings.ts';
import { createLine, type Line } from './line.ts';

/** An answer's headers, by their names in lower case; of several with one name, the first. */
export type HeaderOf = (name: string) => string | undefined;

/** Told what becomes of a call: `end` or `failed` comes once and last. */
export interface CallListener {
  /** The connection, TLS included, stands. */
  connected(): void;
  head(status: number, header: HeaderOf): void;
  data(bytes: Buffer): void;
  end(): void;
  failed(error: Error): void;
}

/** Where a call goes, and with what. */
export interface Address {
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Sends `body` by POST. What it returns ends the call: the connection is closed, and the listener
 * hears nothing more.
 */
export type Transport = (address: Address, body: string, listener: CallListener) => () => void;

/** Kept connections grow old together: the next may be closed as well. */
const REPEATS_MAX = 5;

/**
 * A transport that keeps its connections as `pool` says, and uses the proxy if one is set.
 * `onData` is called whenever something arrives.
 */
export function createTransport(
  environment: Environment,
  onData?: () => void,
  pool?: PoolSettings,
): Transport {
  const line = createLine(environment, pool);
  return (address, body, listener) => {
    const call = new Call(line, address, body, listener, onData);
    call.start();
    return () => call.abort();
  };
}

class Call implements Dispatcher.DispatchHandler {
  readonly #line: Line;
  readonly #address: Address;
  readonly #body: string;
  readonly #listener: CallListener;
  readonly #onData: (() => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #over = false;
  #answered = false;
  /** How many connections had been made when it was handed over. */
  #made = 0;
  #isKept = false;
  #repeats = 0;

  constructor(
    line: Line,
    address: Address,
    body: string,
    listener: CallListener,
    onData: (() => void) | undefined,
  ) {
    this.#onData = onData;
    this.#line = line;
    this.#address = address;
    this.#body = body;
    this.#listener = listener;
  }

  start(): void {
    const { origin, path, headers } = this.#address;
    this.#made = this.#line.made;
    try {
      this.#line.dispatcher.dispatch(
        { origin, path, method: 'POST', headers, body: this.#body },
        this,
      );
    } catch (error) {
      // Such as a header that may not be sent.
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  abort(): void {
    this.#over = true;
    this.#controller?.abort(new Error('nobody waits for the answer'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // None was made since, so it goes out on one from before.
    this.#isKept = this.#made === this.#line.made;
    // Nobody could be told to stop while the connection was being made.
    if (this.#over) this.abort();
    else this.#listener.connected();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#over) return;
    // Also by what says no more than that the call was read.
    this.#answered = true;
    if (status < 200) return;
    this.#listener.head(status, (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value[0] : value;
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    this.#onData?.();
    if (!this.#over) this.#listener.data(bytes);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#listener.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return;
    const mayRepeat = this.#isKept && !this.#answered && this.#repeats < REPEATS_MAX;
    if (mayRepeat && isOldConnection(error)) {
      this.#repeats += 1;
      this.start();
      return;
    }
    this.#fail(error);
  }

  #fail(error: Error): void {
    this.#over = true;
    this.#listener.failed(error);
  }
}

/**
 * The other side closed the connection in order and before an answer, after it had answered on it
 * before: it did so while the call was on its way and has most likely not read it. A reset tells
 * nothing like it: the call may have been read, and to repeat it would be to pay for it twice.
 */
function isOldConnection(error: Error): boolean {
  if (systemCode(error) !== 'UND_ERR_SOCKET' || !('socket' in error)) return false;
  const { socket } = error as { socket?: { bytesRead?: number } };
  return error.message === 'other side closed' && (socket?.bytesRead ?? 0) > 0;
}
