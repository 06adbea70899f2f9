/** The FastCGI front end: takes connections and gives each request to the handler. */

import { createServer, type ListenOptions, type Server } from 'node:net';
import { EVENTS } from '../events.ts';
import { BadHeadError, type Handler, type PageRequest, ReplyOrderError } from '../exchange.ts';
import { createLog, type Log, oneLine, stderrSink } from '../log.ts';
import { Secrets } from '../secrets.ts';
import { Connection, type ConnectionHost } from './connection.ts';
import { PAIR_LIMITS, type PairLimits } from './name-values.ts';
import type { FastCgiError } from './protocol.ts';
import type { FastCgiReply } from './reply.ts';

export interface FastCgiOptions {
  readonly limits?: PairLimits;
  /** Takes what concerns a connection rather than a request; standard error by default. */
  readonly log?: Log;
  /** Whether a request is for this server; another is refused unanswered. All are by default. */
  readonly takes?: (params: PageRequest['params']) => boolean;
}

export interface FastCgiServer {
  /**
   * Stops accepting, closes connections without a request, and resolves when the requests under
   * way have ended and their connections are closed. Calling it again gives the same promise.
   */
  drain(): Promise<void>;

  /** Stops accepting and closes every connection now; the handlers' signals abort. */
  abort(): void;
}

/** Connections that may wait to be accepted; the kernel's own limit still holds. */
const BACKLOG = 4_096;
const TOO_LARGE = 431;

/**
 * Serves a listening socket: a descriptor that is one, or the path of a Unix socket to make.
 * Resolves when it listens.
 */
export async function serveFastCgi(
  where: number | string,
  handler: Handler,
  options: FastCgiOptions = {},
): Promise<FastCgiServer> {
  const log = options.log ?? createLog(stderrSink(writeToStderr), 'info', new Secrets());
  const connections = new Set<Connection>();
  const running = new Set<Promise<void>>();

  const host: ConnectionHost = {
    limits: options.limits ?? PAIR_LIMITS,
    takes: options.takes ?? (() => true),
    run(request, reply) {
      const answered = runHandler(handler, request, reply, log).finally(() => {
        running.delete(answered);
      });
      running.add(answered);
    },
    reject: rejectRequest,
    broken(error) {
      const text = `httpd’s connection to the engine is closed: ${error.message} (${error.code})`;
      log.write('request-invalid', text);
    },
    closed: (connection) => connections.delete(connection),
  };
  const server = createServer({ noDelay: true }, (socket) => {
    connections.add(new Connection(socket, host));
  });
  await listen(server, where);
  // A connection that can't be accepted (no descriptor is free) fails alone.
  server.on('error', (error) => log.write('request-failed', `no connection: ${error.message}`));

  let drained: Promise<void> | undefined;
  return {
    drain() {
      drained ??= drain();
      return drained;
    },
    abort() {
      server.close();
      for (const connection of [...connections]) connection.abort();
    },
  };

  async function drain(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // What has already come in is read first: its connection is not idle. The first turn may be
    // the rest of this one, which reads no more.
    await nextTurn();
    await nextTurn();
    for (const connection of [...connections]) connection.drain();
    await closed;
    await Promise.all(running);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function listen(server: Server, where: number | string): Promise<void> {
  const options: ListenOptions & { fd?: number } =
    typeof where === 'number' ? { fd: where } : { path: where };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...options, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Lets the handler answer, and answers for it when it does not. Never rejects. */
async function runHandler(
  handler: Handler,
  request: PageRequest,
  reply: FastCgiReply,
  log: Log,
): Promise<void> {
  try {
    await handler(request, reply);
    if (!reply.isOver) giveUp(reply, 'it returned without ending the reply');
  } catch (error) {
    if (!reply.isOver) giveUp(reply, describe(error));
    // A handler that stops because its client left does right; of another mistake, only the log can tell.
    else if (!isAbort(error, request.signal)) log.write('request-failed', describe(error));
  }
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError');
}

/** Ends a reply that its handler left open. */
function giveUp(reply: FastCgiReply, why: string): void {
  const text = oneLine(`the handler of a request failed: ${why}`);
  reply.log('error', `${EVENTS['request-failed'].number}: ${text}`);
  if (reply.hasBegun) {
    reply.end('broken');
    return;
  }
  reply.head(500, [
    ['Muse-Error', 'request-failed'],
    ['Cache-Control', 'no-store'],
  ]);
  reply.end('whole');
}

function rejectRequest(reply: FastCgiReply, error: FastCgiError): void {
  const advice = 'shorten the query, or the variables that MuseAiEnv declares';
  reply.log('error', `${EVENTS['request-invalid'].number}: ${error.message}; ${advice}`);
  reply.head(TOO_LARGE, [['Muse-Error', 'request-invalid']]);
  reply.end('whole');
}

/**
 * An error for the log: where it was thrown, and what it says only where that is our own text.
 * Whatever else was thrown could quote a prompt or a key.
 */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `it threw a ${typeof thrown}`;
  const ours = thrown instanceof BadHeadError || thrown instanceof ReplyOrderError;
  const frames = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const where = frames.slice(0, 4).map((line) => line.trim());
  return `it threw ${thrown.name}${ours ? `: ${thrown.message}` : ''} ${where.join(' ')}`;
}

function writeToStderr(line: string): void {
  process.stderr.write(line);
}
