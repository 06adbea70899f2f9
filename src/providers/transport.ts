/**
 * HTTP to a provider, as a `fetch` for the OpenAI client.
 *
 * Unlike the global one it sends the headers it is given and no others, says when the connection
 * stands, waits as long as the caller's timers do, and never follows a redirect: a key must not
 * travel to a host that nobody named.
 */

import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { systemCode } from '../errors.ts';
import type { Environment } from '../settings.ts';

export interface Exchange {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Called when the connection, TLS included, stands. */
  readonly onConnected: () => void;
}

/** Sends `body` to `url` by POST; resolves when the answer's head is there. */
export type Transport = (url: string, body: string, exchange: Exchange) => Promise<Response>;

/** Less than the five seconds after which many servers close an idle connection. */
const IDLE_SOCKET_MS = 4_000;
/** An error's body is read for the log only. */
const ERROR_BODY_MAX = 16_384;

/** A transport that keeps its connections for the next call, and uses the proxy if one is set. */
export function createTransport(environment: Environment): Transport {
  const options = { keepAlive: true, timeout: IDLE_SOCKET_MS, proxyEnv: proxies(environment) };
  const http = new HttpAgent(options);
  const https = new HttpsAgent(options);

  const send = (url: string, body: string, exchange: Exchange, mayRepeat: boolean) =>
    new Promise<Response>((resolve, reject) => {
      const { headers, signal, onConnected } = exchange;
      const secure = url.startsWith('https:');
      const request = (secure ? httpsRequest : httpRequest)(url, {
        method: 'POST',
        agent: secure ? https : http,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        signal,
      });
      request.on('socket', (socket) => {
        if (!socket.connecting) onConnected();
        else socket.once(secure ? 'secureConnect' : 'connect', onConnected);
      });
      // The agent's timeout is for idle sockets; a call's own timers are the caller's.
      request.setTimeout(0);
      request.on('error', (error) => {
        const again = mayRepeat && request.reusedSocket && isHangUp(error) && !signal.aborted;
        if (again) send(url, body, exchange, false).then(resolve, reject);
        else reject(error);
      });
      request.on('response', (answer) => {
        toResponse(answer).then(resolve, reject);
      });
      request.end(body);
    });
  return (url, body, exchange) => send(url, body, exchange, true);
}

/**
 * The other side closed the connection in order and before an answer. On one that was kept, it did
 * so while the call was on its way and has most likely not read it. A reset tells nothing like it:
 * the call may have been read, and to repeat it would be to pay for it twice.
 */
function isHangUp(error: Error): boolean {
  return systemCode(error) === 'ECONNRESET' && !('syscall' in error);
}

async function toResponse(answer: IncomingMessage): Promise<Response> {
  const status = answer.statusCode ?? 0;
  const headers = new Headers();
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  if (status < 200 || status > 599) {
    answer.destroy();
    throw new Error(`the endpoint answered with the status ${status}`);
  }
  if (status < 300 && status !== 204 && status !== 205) {
    // An error of the stream is reported by whoever reads it.
    const body = Readable.toWeb(answer, { strategy: { highWaterMark: 1 } });
    return new Response(body as ReadableStream<Uint8Array>, { status, headers });
  }
  return new Response(status < 300 ? null : await head(answer), { status, headers });
}

async function head(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) {
    text += String(chunk);
    // Leaving the loop destroys the connection, so an endless body costs nothing more.
    if (text.length > ERROR_BODY_MAX) break;
  }
  return text.slice(0, ERROR_BODY_MAX);
}

function proxies(environment: Environment): Record<string, string | undefined> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
  const all = names.flatMap((name) => [name, name.toLowerCase()]);
  return Object.fromEntries(all.map((name) => [name, environment[name]]));
}
