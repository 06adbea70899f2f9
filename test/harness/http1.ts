import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { Exchange } from './exchange.ts';

export interface RequestOptions {
  readonly method?: string;
  /** As pairs they are sent as they are: case, order and repetitions. */
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array;
  /** An agent with keepAlive to reuse connections; a connection of its own unless said so. */
  readonly agent?: Agent;
  /** The certificate to trust for https. */
  readonly ca?: string;
  /** The address to come from: all of 127.0.0.0/8 is this machine. */
  readonly localAddress?: string;
  /** Told of the connection that the request goes over, which may not stand yet. */
  readonly onConnection?: (connection: Duplex) => void;
}

/**
 * The server closed a kept connection before it answered: it may do so at any time, and whoever can
 * ask twice asks again (RFC 9112, 9.3.1).
 */
export class KeptConnectionClosed extends Error {}

/** Connections that have carried a request. Node does not tell it of those that it hands on. */
const used = new WeakSet<Duplex>();

/** Sends a request over HTTP/1.1 and returns at once. */
export function openHttp1(url: string, options: RequestOptions = {}): Exchange {
  const target = new URL(url);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(target, {
    method: options.method ?? 'GET',
    headers: flatten(options.headers ?? {}, target.host),
    agent: options.agent ?? false,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
  });
  const exchange = new Exchange(() => request.destroy());
  let kept = false;
  request.on('socket', (socket) => {
    kept = used.has(socket);
    used.add(socket);
    options.onConnection?.(socket);
  });
  request.on('error', (error) => {
    const closed = kept && 'code' in error && error.code === 'ECONNRESET';
    exchange.fail(closed ? new KeptConnectionClosed(error.message, { cause: error }) : error);
  });
  request.on('response', (response) => receive(exchange, response));
  request.end(options.body);
  return exchange;
}

function receive(exchange: Exchange, response: IncomingMessage): void {
  response.on('error', (error) => exchange.fail(error));
  response.on('close', () => exchange.finish(response.complete));
  exchange.begin(
    {
      status: response.statusCode ?? 0,
      statusText: response.statusMessage ?? '',
      httpVersion: response.httpVersion,
      headers: joinHeaders(response.rawHeaders),
      rawHeaders: response.rawHeaders,
    },
    response,
  );
}

/** node:http sends a flat array as it stands, but then adds no Host of its own. */
function flatten(
  headers: NonNullable<RequestOptions['headers']>,
  host: string,
): Record<string, string> | string[] {
  if (!isPairs(headers)) return { ...headers };
  const named = headers.some(([name]) => name.toLowerCase() === 'host');
  return [...(named ? [] : ['Host', host]), ...headers.flat()];
}

function isPairs(
  headers: NonNullable<RequestOptions['headers']>,
): headers is readonly (readonly [string, string])[] {
  return Array.isArray(headers);
}

function joinHeaders(raw: readonly string[]): Record<string, string> {
  const joined: Record<string, string> = {};
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const value = raw[index + 1] ?? '';
    joined[name] = joined[name] === undefined ? value : `${joined[name]}, ${value}`;
  }
  return joined;
}
