import type { Gate } from './gate.ts';

/** One thing that a scripted answer does. The head goes out with the first step that sends. */
export type Step =
  | { readonly kind: 'head' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reasoning'; readonly text: string; readonly field: string }
  | { readonly kind: 'delta'; readonly delta: Readonly<Record<string, unknown>> }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'raw'; readonly bytes: string | Uint8Array }
  | { readonly kind: 'error'; readonly message: string; readonly code: string }
  | { readonly kind: 'finish'; readonly reason: string }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'hold'; readonly gate: Gate }
  | { readonly kind: 'stall' }
  | { readonly kind: 'cut'; readonly how: 'close' | 'reset' };

/** How the events of a stream lie on the wire. */
export interface Wire {
  /** Bytes in one write; absent: one event is one write. 1 sends byte by byte. */
  readonly pieceBytes?: number;
  /** Collect events up to the next wait, hold or end, so that one write carries several. */
  readonly together?: boolean;
  /** The line end of the event stream, `\n` unless said otherwise. */
  readonly newline?: '\n' | '\r\n';
}

/** A chat completion, streamed or whole as the request asks for. */
export interface StreamScript {
  readonly kind: 'stream';
  readonly steps: readonly Step[];
  readonly wire: Wire;
  /** Whether the stream closes with `data: [DONE]`. */
  readonly done: boolean;
}

/** A plain HTTP answer: errors, redirects, garbage. `before` plays before its head. */
export interface FixedScript {
  readonly kind: 'fixed';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly before: readonly Step[];
}

export type Script = StreamScript | FixedScript;

/** Sends the head of the answer and nothing else yet. */
export const head = (): Step => ({ kind: 'head' });
/** A piece of content, sent as one delta. */
export const text = (value: string): Step => ({ kind: 'text', text: value });
/** A piece of reasoning, as DeepSeek (`reasoning_content`) or OpenRouter (`reasoning`) send it. */
export const reasoning = (value: string, field = 'reasoning_content'): Step => ({
  kind: 'reasoning',
  text: value,
  field,
});
/** A chunk with this delta, such as a piece of a tool's call. */
export const delta = (value: Readonly<Record<string, unknown>>): Step => ({
  kind: 'delta',
  delta: value,
});
/** A comment line of the event stream, which proxies send to keep a connection alive. */
export const comment = (value = 'keep-alive'): Step => ({ kind: 'comment', text: value });
/** Bytes put on the wire as they are. */
export const raw = (bytes: string | Uint8Array): Step => ({ kind: 'raw', bytes });
/** An error object in the middle of the stream. */
export const streamError = (message = 'The server had an error', code = 'server_error'): Step => ({
  kind: 'error',
  message,
  code,
});
/** The chunk that carries `finish_reason`. */
export const finish = (reason = 'stop'): Step => ({ kind: 'finish', reason });
/** A pause in milliseconds; prefer `hold` in tests. */
export const wait = (ms: number): Step => ({ kind: 'wait', ms });
/** Waits until the test releases the gate. */
export const hold = (gate: Gate): Step => ({ kind: 'hold', gate });
/** Says nothing more and keeps the connection open until the client leaves. */
export const stall = (): Step => ({ kind: 'stall' });
/**
 * Breaks the connection off after what was sent so far: closed (FIN) or reset (RST). A client
 * built on `fetch` drops what it had not read by then: where that matters, hold a gate before.
 */
export const cut = (how: 'close' | 'reset' = 'close'): Step => ({ kind: 'cut', how });

/** A stream made of exactly these steps; `done` says whether `[DONE]` follows them. */
export function stream(steps: readonly Step[], wire: Wire = {}, done = true): StreamScript {
  return { kind: 'stream', steps, wire, done };
}

export interface SayOptions extends Wire {
  /** Milliseconds before the first token. */
  readonly firstMs?: number;
  /** Milliseconds between two tokens. */
  readonly betweenMs?: number;
  /** A gate before every token: the test releases them one by one. */
  readonly gate?: Gate;
  /** The finish_reason, `stop` unless said otherwise; null leaves it out. */
  readonly finish?: string | null;
}

/** A whole answer: the tokens (a string is split into words), then the finish reason. */
export function say(content: string | readonly string[], options: SayOptions = {}): StreamScript {
  const tokens = typeof content === 'string' ? splitWords(content) : content;
  const steps: Step[] = [];
  if (options.firstMs !== undefined) steps.push(wait(options.firstMs));
  for (const [index, token] of tokens.entries()) {
    if (index > 0 && options.betweenMs !== undefined) steps.push(wait(options.betweenMs));
    if (options.gate !== undefined) steps.push(hold(options.gate));
    steps.push(text(token));
  }
  if (options.finish !== null) steps.push(finish(options.finish ?? 'stop'));
  return stream(steps, options);
}

/** Tokens as models send them: a word with the blank before it. Joined they give the text. */
export function splitWords(value: string): string[] {
  return value.match(/\s*\S+|\s+$/g) ?? [];
}

export interface FailOptions {
  /** Seconds, or a date, for the Retry-After header. */
  readonly retryAfter?: number | string;
  readonly message?: string;
  readonly code?: string;
  /** The body as it is; absent: an OpenAI error object. */
  readonly body?: string;
  readonly before?: readonly Step[];
}

const usualCodes: Readonly<Record<number, string>> = {
  401: 'invalid_api_key',
  403: 'permission_denied',
  404: 'model_not_found',
  429: 'rate_limit_exceeded',
};

/** An error status with OpenAI's error object. */
export function fail(status: number, options: FailOptions = {}): FixedScript {
  const error = {
    message: options.message ?? `Scripted failure ${status}`,
    type: status >= 500 ? 'server_error' : 'invalid_request_error',
    param: null,
    code: options.code ?? usualCodes[status] ?? 'server_error',
  };
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (options.retryAfter !== undefined) headers['retry-after'] = String(options.retryAfter);
  const body = options.body ?? JSON.stringify({ error });
  return { kind: 'fixed', status, headers, body, before: options.before ?? [] };
}

/** A redirect to another place. */
export function redirect(location: string, status = 307): FixedScript {
  return { kind: 'fixed', status, headers: { location }, body: '', before: [] };
}

/** A 200 whose body is no answer at all. */
export function garbage(
  body = '<html>This is a login page, not JSON.</html>',
  contentType = 'text/html',
): FixedScript {
  return {
    kind: 'fixed',
    status: 200,
    headers: { 'content-type': contentType },
    body,
    before: [],
  };
}
