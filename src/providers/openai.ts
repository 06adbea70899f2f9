/**
 * Any OpenAI-compatible endpoint: chat completions as a stream of server-sent events.
 *
 * Written against the protocol itself. What arrives on the socket is in the page by the time the
 * next byte is read, and a page costs a fraction of what a general client's layers would.
 */

import type {
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import type { Clock, Timer } from '../clock.ts';
import { MuseError } from '../errors.ts';
import type { Model } from '../models/model.ts';
import type { Target } from '../models/target.ts';
import { ChunkReader } from './chunks.ts';
import { type Deadlines, startDeadlines } from './deadlines.ts';
import { EventStreamReader } from './event-stream.ts';
import { type CallInfo, connectionFailure, redact, statusFailure } from './failures.ts';
import type { CompletionRequest, CompletionSink, Finish, Provider } from './provider.ts';
import { samplingOf } from './sampling.ts';
import type { Address, CallListener, HeaderOf, Transport } from './transport.ts';

const USER_AGENT = 'mod_muse_ai';
const OPERATION = '/chat/completions';
/** An error's body is read for the log only. */
const ERROR_BODY_MAX = 16_384;
/** How long it may take: one that does not end must not keep others from being asked. */
const ERROR_BODY_MS = 5_000;
/** How long the stream of an answer that is whole may go on before its connection is closed. */
const REST_MS = 1_000;

export interface OpenAiOptions {
  readonly model: Model;
  readonly target: Pick<Target, 'url' | 'apiKey'>;
  readonly transport: Transport;
  readonly clock: Clock;
  /** What a request says beyond the model's settings. */
  readonly more?: Readonly<Record<string, unknown>>;
}

export function createOpenAiProvider(options: OpenAiOptions): Provider {
  const { model, target, transport, clock, more } = options;
  const url = new URL(`${target.url}${OPERATION}`);
  const address: Address = {
    origin: url.origin,
    path: url.pathname,
    headers: headersFor(model, target),
  };
  const isOpenAi = url.hostname === 'api.openai.com';

  return {
    complete(request, sink, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        let abort = (): void => {};
        let rest: Timer | undefined;
        const over = (): void => {
          deadlines.clear();
          rest?.clear();
          signal.removeEventListener('abort', leave);
        };
        const fail = (error: unknown): void => {
          over();
          abort();
          reject(error);
        };
        const leave = (): void => fail(signal.reason);
        const deadlines = startDeadlines({
          model,
          total: request.timeout,
          spent: request.spent ?? 0,
          clock,
          onExpired: (error) => answer.brokenOff(error),
        });
        signal.addEventListener('abort', leave);
        const answer = new Answer({
          info: {
            model: model.name,
            upstream: model.upstream,
            url: target.url,
            apiKey: target.apiKey,
            now: () => clock.now(),
            said: request.messages.map(({ content }) => content),
          },
          sink,
          deadlines,
          done(finish) {
            over();
            rest = clock.after(REST_MS, () => abort());
            resolve(finish);
          },
          closed: () => rest?.clear(),
          refused() {
            rest = clock.after(ERROR_BODY_MS, () => answer.end());
          },
          fail,
        });
        const body = JSON.stringify({ ...toParams(model, request, isOpenAi), ...more });
        abort = transport(address, body, answer);
      });
    },
  };
}

interface AnswerOptions {
  readonly info: CallInfo;
  readonly sink: CompletionSink;
  readonly deadlines: Deadlines;
  /** The answer is whole. */
  readonly done: (finish: Finish) => void;
  /** After that: the endpoint has ended its stream, too. */
  readonly closed: () => void;
  /** It is an error, whose words are still to come. */
  readonly refused: () => void;
  readonly fail: (error: unknown) => void;
}

/** One call's answer, while it arrives. */
class Answer implements CallListener {
  readonly #options: AnswerOptions;
  readonly #chunks: ChunkReader;
  readonly #events: EventStreamReader;
  #isConnected = false;
  #isDone = false;
  /** What an answer that is no stream says; undefined for a stream. */
  #error: { readonly status: number; readonly header: HeaderOf; body: Buffer } | undefined;

  constructor(options: AnswerOptions) {
    this.#options = options;
    this.#chunks = new ChunkReader(options.info, options.sink, options.deadlines);
    this.#events = new EventStreamReader((data) => this.#chunks.take(data));
  }

  connected(): void {
    this.#isConnected = true;
    this.#options.sink.sent?.();
    this.#options.deadlines.connected();
  }

  head(status: number, header: HeaderOf): void {
    if (status === 200) {
      this.#guarded(() => checkStream(header, this.#options.info));
      return;
    }
    this.#error = { status, header, body: Buffer.alloc(0) };
    this.#options.refused();
  }

  data(bytes: Buffer): void {
    if (this.#isDone) return;
    if (this.#error === undefined) {
      this.#guarded(() => {
        try {
          this.#events.push(bytes);
        } finally {
          this.#chunks.flush();
        }
        // Some endpoints, and proxies before them, leave the connection open after that.
        if (this.#chunks.done) this.#finish();
      });
      return;
    }
    this.#error.body = Buffer.concat([this.#error.body, bytes]);
    // Endless or not: the rest is of no interest.
    if (this.#error.body.length > ERROR_BODY_MAX) this.end();
  }

  end(): void {
    const { closed, fail, info } = this.#options;
    const error = this.#error;
    if (error !== undefined) {
      const text = error.body.toString('utf8', 0, ERROR_BODY_MAX);
      fail(statusFailure(error.status, error.header, text, info));
      return;
    }
    if (!this.#isDone) this.#guarded(() => this.#finish());
    closed();
  }

  failed(error: Error): void {
    const { closed, info } = this.#options;
    if (this.#isDone) {
      closed();
      return;
    }
    const stage = !this.#isConnected ? 'connecting' : this.#chunks.begun ? 'streaming' : 'waiting';
    this.brokenOff(connectionFailure(error, stage, info));
  }

  /** Nothing more comes, or it would come too late. */
  brokenOff(error: MuseError): void {
    // Its status came, and says more.
    if (this.#error !== undefined) this.end();
    else this.#options.fail(error);
  }

  #finish(): void {
    const finish = this.#chunks.finish();
    this.#isDone = true;
    this.#options.done(finish);
  }

  /** What is thrown while the answer is read ends the call. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      const tooLong = error instanceof RangeError;
      this.#options.fail(tooLong ? nonsense(error.message, this.#options.info) : error);
    }
  }
}

/** What is sent is exactly this, and the key goes to its endpoint only. */
function headersFor(model: Model, target: OpenAiOptions['target']): Record<string, string> {
  const headers: Record<string, string> = {
    accept: 'text/event-stream',
    // Who says nothing takes any coding (RFC 9110, section 12.5.3).
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'user-agent': USER_AGENT,
  };
  if (target.apiKey !== undefined) headers.authorization = `Bearer ${target.apiKey}`;
  for (const [name, value] of Object.entries(model.headers)) headers[name.toLowerCase()] = value;
  return headers;
}

function toParams(
  model: Model,
  request: CompletionRequest,
  isOpenAi: boolean,
): ChatCompletionCreateParamsStreaming {
  const { temperature, topP, maxTokens, stop } = samplingOf(request, model);
  // OpenAI itself has deprecated max_tokens and newer models refuse it; others know only that.
  const limit = isOpenAi ? 'max_completion_tokens' : 'max_tokens';
  return {
    model: model.upstream,
    messages: messagesOf(request),
    stream: true,
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(maxTokens ? { [limit]: maxTokens } : {}),
    ...(stop === undefined ? {} : { stop: [...stop] }),
    ...(request.jsonMode ? { response_format: { type: 'json_object' } as const } : {}),
    ...(asksForUsage(model, request) ? { stream_options: { include_usage: true } } : {}),
    ...request.verbatim?.fields,
  };
}

function messagesOf({ messages, verbatim }: CompletionRequest): ChatCompletionMessageParam[] {
  // They were checked as far as this engine understands them; the endpoint knows the rest.
  if (verbatim !== undefined) return verbatim.messages as ChatCompletionMessageParam[];
  return messages.map(({ role, content }) => ({ role, content }));
}

/** A program is told the number of tokens unless the model can't be asked for it. */
function asksForUsage({ streamUsage }: Model, { verbatim }: CompletionRequest): boolean {
  return streamUsage ?? verbatim !== undefined;
}

/** A page of HTML or a plain JSON answer in place of a stream is a wrong endpoint. */
function checkStream(header: HeaderOf, call: CallInfo): void {
  const coding = header('content-encoding') ?? 'identity';
  if (!/^\s*(?:identity\s*)?$/i.test(coding)) {
    const advice = 'see that no proxy before it compresses streams';
    throw nonsense(
      `answered in the coding "${redact(coding, call)}", not asked for; ${advice}`,
      call,
    );
  }
  const type = header('content-type') ?? '';
  if (!/^\s*(?:text\/html|application\/json)\b/i.test(type)) return;
  const what = `answered with ${redact(type, call)} instead of a stream of events`;
  throw nonsense(`${what}; is this the base URL of an OpenAI-compatible API?`, call);
}

function nonsense(text: string, call: CallInfo): MuseError {
  return new MuseError('provider-nonsense', `model "${call.model}" at ${call.url}: ${text}`);
}
