import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { samplePage } from './pages.ts';
import { type Cue, play } from './player.ts';
import { isRecord, RecordedRequest } from './recording.ts';
import { fail, type Script, say } from './script.ts';

/** A script, or a function that makes one for a request. */
export type Scripted = Script | ((request: RecordedRequest) => Script);

export interface ProviderOptions {
  readonly port?: number;
  readonly host?: string;
  /** Serve https with this key and certificate (PEM). */
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer };
  /** Refuse requests without `Authorization: Bearer KEY`, as the real thing does. */
  readonly apiKey?: string;
  /** What answers models without a script of their own; a small page unless said otherwise. */
  readonly fallback?: Scripted;
  /** How many requests to remember, the newest; all unless said otherwise. */
  readonly remember?: number;
}

/**
 * A provider that speaks the OpenAI protocol on a local port and answers by script, so that every
 * fault of a real one can be had on demand. It also remembers what it was asked.
 */
export class ScriptedProvider {
  readonly requests: RecordedRequest[] = [];
  readonly #server: Server;
  readonly #options: ProviderOptions;
  readonly #scripts = new Map<string, Scripted[]>();
  readonly #closing = new AbortController();
  readonly #watchers = new Set<() => void>();
  #received = 0;
  #port = 0;

  /** Use `startProvider`. */
  constructor(options: ProviderOptions) {
    this.#options = options;
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      void this.#serve(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : new Error(String(error)));
      });
    };
    const { tls } = options;
    this.#server =
      tls === undefined ? createServer(listener) : createTlsServer({ ...tls }, listener);
    this.#server.keepAliveTimeout = 60_000;
  }

  /** The base URL, as it stands in a models.json: `http://127.0.0.1:PORT/v1`. */
  get url(): string {
    const scheme = this.#options.tls === undefined ? 'http' : 'https';
    return `${scheme}://${this.#options.host ?? '127.0.0.1'}:${this.#port}/v1`;
  }

  get port(): number {
    return this.#port;
  }

  /** How many completions were asked for in all, also of those no longer remembered. */
  get received(): number {
    return this.#received;
  }

  /** Answers `model` by these scripts, one request each; the last one answers all that follow. */
  script(model: string, ...scripts: readonly [Scripted, ...Scripted[]]): void {
    this.#scripts.set(model, [...scripts]);
  }

  /** Resolves with the request number `index`, counted from 0, once it was received. */
  async request(index: number): Promise<RecordedRequest> {
    for (;;) {
      const found = this.requests[index];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** Starts to listen, at the port that was given or that it had before. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port || (this.#options.port ?? 0), this.#options.host ?? '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Stops listening and breaks every connection off: new ones are refused. */
  async refuse(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Ends everything that is under way and stops. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.refuse();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const recorded = new RecordedRequest(request, Buffer.concat(chunks).toString('utf8'));
    const left = new AbortController();
    response.once('close', () => left.abort());
    if (response.destroyed) left.abort();
    const signal = AbortSignal.any([left.signal, this.#closing.signal]);
    const script = this.#choose(recorded);
    if (recorded.path.endsWith('/chat/completions')) this.#remember(recorded);
    recorded.settle(await play(script, response, describe(recorded, this.#received, signal)));
  }

  #remember(recorded: RecordedRequest): void {
    this.#received += 1;
    this.requests.push(recorded);
    if (this.requests.length > (this.#options.remember ?? Number.POSITIVE_INFINITY)) {
      this.requests.shift();
    }
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }

  #choose(recorded: RecordedRequest): Script {
    const { apiKey, fallback } = this.#options;
    if (apiKey !== undefined && recorded.headers.authorization !== `Bearer ${apiKey}`) {
      return fail(401, { message: 'Incorrect API key provided.' });
    }
    const path = recorded.path.split('?')[0] ?? '';
    if (recorded.method === 'GET' && path.endsWith('/models')) return this.#listModels();
    if (recorded.method !== 'POST' || !path.endsWith('/chat/completions')) {
      return fail(404, { message: `Unknown request URL: ${recorded.method} ${path}` });
    }
    if (recorded.model === '' || recorded.messages.length === 0) {
      return fail(400, { message: 'you must provide a model and messages' });
    }
    const queue = this.#scripts.get(recorded.model);
    const first = queue !== undefined && queue.length > 1 ? queue.shift() : queue?.[0];
    const scripted = first ?? fallback ?? ((asked) => say(samplePage(asked.model)));
    return typeof scripted === 'function' ? scripted(recorded) : scripted;
  }

  #listModels(): Script {
    const data = [...this.#scripts.keys()].map((id) => ({
      id,
      object: 'model',
      created: 0,
      owned_by: 'scripted',
    }));
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ object: 'list', data });
    return { kind: 'fixed', status: 200, headers, body, before: [] };
  }
}

function describe(recorded: RecordedRequest, number: number, signal: AbortSignal): Cue {
  const options = recorded.field('stream_options');
  return {
    identity: {
      id: `chatcmpl-scripted-${number}`,
      created: Math.floor(Date.now() / 1000),
      model: recorded.model,
    },
    streaming: recorded.field('stream') === true,
    withUsage: isRecord(options) && options.include_usage === true,
    promptChars: recorded.messages.reduce((sum, message) => sum + message.content.length, 0),
    signal,
  };
}

/** Starts a scripted provider at a free local port. */
export async function startProvider(options: ProviderOptions = {}): Promise<ScriptedProvider> {
  const provider = new ScriptedProvider(options);
  await provider.listen();
  return provider;
}
