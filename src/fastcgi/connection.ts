/**
 * One connection of the front end: records come in, one request at a time is made of them, and its
 * reply goes out.
 *
 *   idle ── BEGIN ──▶ params ── end of PARAMS ──▶ running ── END ──▶ idle, or closed
 */

import type { Socket } from 'node:net';
import type { PageRequest } from '../exchange.ts';
import { RequestBody } from './body.ts';
import { Channel } from './channel.ts';
import { type FastCgiEvent, RecordDecoder } from './decoder.ts';
import { encodeEnd, encodeGetValuesResult, encodeUnknownType } from './encoder.ts';
import { NameValueDecoder, type PairLimits } from './name-values.ts';
import {
  FastCgiError,
  NULL_REQUEST,
  PROTOCOL_STATUS,
  type ProtocolStatus,
  ROLE_RESPONDER,
} from './protocol.ts';
import { FastCgiReply } from './reply.ts';

/** What a connection needs of its server. */
export interface ConnectionHost {
  readonly limits: PairLimits;
  /** Whether a request is for this server at all. */
  takes(params: PageRequest['params']): boolean;
  /** Answers a request; the reply is to be over when it returns. */
  run(request: PageRequest, reply: FastCgiReply): void;
  /** The request can't be taken: says so with a status. */
  reject(reply: FastCgiReply, error: FastCgiError): void;
  /** The other side does not speak FastCGI; the connection is closed. */
  broken(error: FastCgiError): void;
  closed(connection: Connection): void;
}

/** A request from its BEGIN to its END. */
interface Exchange {
  readonly id: number;
  readonly keep: boolean;
  readonly body: RequestBody;
  readonly reply: FastCgiReply;
  readonly controller: AbortController;
  /** Undefined once the handler runs. */
  params: NameValueDecoder | undefined;
}

/** What GET_VALUES is told: one request at a time on each of any number of connections. */
const VALUES: ReadonlyMap<string, string> = new Map([['FCGI_MPXS_CONNS', '0']]);

export class Connection {
  readonly #socket: Socket;
  readonly #channel: Channel;
  readonly #host: ConnectionHost;
  readonly #decoder = new RecordDecoder();
  #exchange: Exchange | undefined;
  #closing = false;

  constructor(socket: Socket, host: ConnectionHost) {
    this.#socket = socket;
    this.#channel = new Channel(socket);
    this.#host = host;
    socket.on('data', (chunk) =>
      this.#take(typeof chunk === 'string' ? Buffer.from(chunk) : chunk),
    );
    // Whoever has no more to send here waits for nothing either: the client left.
    socket.on('end', () => socket.destroy());
    socket.on('close', () => this.#leave());
    // ECONNRESET and EPIPE say that the client left; 'close' follows and tells the handler.
    socket.on('error', () => socket.destroy());
  }

  /** Closes the connection when no request is under way, else after that request. */
  drain(): void {
    this.#closing = true;
    this.#closeIfIdle();
  }

  /** Closes the connection now; its request's signal aborts. */
  abort(): void {
    this.#channel.destroy();
    this.#leave();
  }

  #take(chunk: Uint8Array): void {
    try {
      for (const event of this.#decoder.push(chunk)) this.#handle(event);
    } catch (error) {
      if (!(error instanceof FastCgiError)) throw error;
      this.#host.broken(error);
      this.abort();
    }
    if (this.#closing) this.#closeIfIdle();
  }

  #handle(event: FastCgiEvent): void {
    // Nothing can be answered any more; a request that came too late is repeated elsewhere.
    if (this.#channel.isClosed) return;
    switch (event.type) {
      case 'begin':
        this.#begin(event.requestId, event.role, event.keepConnection);
        return;
      case 'params':
      case 'stdin':
      case 'abort': {
        // Records of a request that is over are to be ignored (section 3.3).
        const exchange = this.#exchange;
        if (exchange?.id !== event.requestId) return;
        if (event.type === 'params') this.#params(exchange, event.data);
        else if (event.type === 'stdin') this.#stdin(exchange, event.data);
        else this.#abandon(exchange);
        return;
      }
      case 'get-values': {
        const known = [...VALUES].filter(([name]) => event.names.includes(name));
        this.#channel.send([encodeGetValuesResult(known)]);
        return;
      }
      case 'unknown':
        if (event.requestId !== NULL_REQUEST) return;
        this.#channel.send([encodeUnknownType(event.recordType)]);
        return;
      case 'end':
      case 'stdout':
      case 'stderr':
        throw new FastCgiError('out-of-place', `${event.type} is for answers, not for requests`);
      case 'data':
      case 'get-values-result':
      case 'unknown-type':
    }
  }

  #begin(id: number, role: number, keep: boolean): void {
    const open = this.#exchange;
    if (open?.id === id) {
      throw new FastCgiError('out-of-place', `request ${id} begins, but it is still under way`);
    }
    if (open !== undefined) {
      this.#refuse(id, PROTOCOL_STATUS.cantMultiplex);
      return;
    }
    if (role !== ROLE_RESPONDER) {
      this.#refuse(id, PROTOCOL_STATUS.unknownRole);
      if (!keep) this.#channel.close();
      return;
    }
    const controller = new AbortController();
    const body = new RequestBody(this.#socket, controller.signal);
    const reply = new FastCgiReply(id, this.#channel, {
      begun: () => body.discardUnread(),
      ended: () => this.#ended(exchange),
    });
    const params = new NameValueDecoder(this.#host.limits);
    const exchange: Exchange = { id, keep, body, reply, controller, params };
    this.#exchange = exchange;
  }

  #refuse(id: number, status: ProtocolStatus): void {
    this.#channel.send([encodeEnd(id, 0, status)]);
  }

  #params(exchange: Exchange, data: Uint8Array): void {
    const { params, body, reply, controller } = exchange;
    if (params === undefined) {
      throw new FastCgiError('out-of-place', 'PARAMS go on after their end');
    }
    if (data.length > 0) {
      try {
        params.push(data);
      } catch (error) {
        if (!(error instanceof FastCgiError)) throw error;
        this.#host.reject(reply, error);
      }
      return;
    }
    exchange.params = undefined;
    const all = params.finish();
    if (this.#host.takes(all)) {
      this.#host.run({ params: all, body, signal: controller.signal }, reply);
    } else reply.refuse();
  }

  #stdin(exchange: Exchange, data: Uint8Array): void {
    if (data.length > 0) exchange.body.add(data);
    else exchange.body.finish();
  }

  /** The client wants no answer any more, but keeps the connection. */
  #abandon(exchange: Exchange): void {
    exchange.controller.abort(clientLeft());
    exchange.reply.abandon();
    this.#channel.release();
  }

  /** The reply is over: the connection is free for the next request. */
  #ended(exchange: Exchange): void {
    if (this.#exchange !== exchange) return;
    this.#exchange = undefined;
    exchange.body.discard();
    if (this.#closing || !exchange.keep) this.#channel.close();
  }

  #closeIfIdle(): void {
    if (this.#exchange === undefined && this.#decoder.betweenRecords) this.#channel.close();
  }

  /** The client is gone, and maybe a request with it. */
  #leave(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange !== undefined) {
      exchange.reply.disconnect();
      exchange.controller.abort(clientLeft());
      exchange.body.discard();
    }
    this.#host.closed(this);
  }
}

function clientLeft(): DOMException {
  return new DOMException('the client left before the answer’s end', 'AbortError');
}
