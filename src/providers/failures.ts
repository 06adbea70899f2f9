/** What went wrong at a provider, as one of the engine's own errors. */

import { APIConnectionError, APIError } from 'openai';
import { type FailureCode, MuseError, messageOf, systemCode } from '../errors.ts';
import { withoutQuotes } from '../quotes.ts';

export interface CallInfo {
  readonly model: string;
  readonly upstream: string;
  readonly url: string;
  /** What was sent as the key; undefined: nothing. */
  readonly apiKey: string | undefined;
  /** The wall clock, against which a date of the provider's is read. */
  readonly now: () => number;
  /** Whether a connection has stood. */
  readonly isConnected: () => boolean;
  /** The texts of the request: what a provider repeats of them is not logged. */
  readonly said: readonly string[];
}

const RETRY_AFTER_MAX = 3_600;

/** The MuseError for whatever a call to `call.url` threw. */
export function toFailure(thrown: unknown, call: CallInfo): MuseError {
  const own = [...causes(thrown)].find((each) => each instanceof MuseError);
  if (own !== undefined) return own;
  const sources = call.apiKey === undefined ? call.said : [call.apiKey, ...call.said];
  const quote = (text: string): string => withoutQuotes(text, sources);
  const fail = (code: FailureCode, text: string, retryAfter?: number): MuseError =>
    new MuseError(code, `model "${call.model}" at ${call.url}: ${text}`, {
      cause: thrown,
      retryAfter,
    });

  if (thrown instanceof APIConnectionError) {
    const why = quote(rootCause(thrown));
    return call.isConnected()
      ? fail('provider-cut-off', `the connection broke before an answer: ${why}`)
      : fail('provider-unreachable', `no connection: ${why}`);
  }
  if (thrown instanceof APIError && thrown.status !== undefined) {
    return fromStatus(thrown, call, quote, fail);
  }
  if (thrown instanceof APIError) {
    return fail('provider-failed', `reported an error in its stream: ${quote(thrown.message)}`);
  }
  if (thrown instanceof SyntaxError) {
    return fail('provider-nonsense', 'sent an event that is no JSON');
  }
  if (systemCode(thrown) !== undefined || thrown instanceof TypeError) {
    return fail('provider-cut-off', `the connection broke: ${quote(rootCause(thrown))}`);
  }
  return fail('provider-failed', quote(messageOf(thrown)));
}

function fromStatus(
  error: APIError,
  call: CallInfo,
  quote: (text: string) => string,
  fail: (code: FailureCode, text: string, retryAfter?: number) => MuseError,
): MuseError {
  const status = error.status ?? 0;
  const said = `(${quote(error.message)})`;
  if (status === 401 || status === 403) {
    const sent = call.apiKey !== undefined;
    const advice = sent
      ? 'check api_key in models.json or MuseAiApiKey, and PassEnv for the variable it names'
      : 'no key was sent; set api_key for this model in models.json, or MuseAiApiKey';
    const what = sent ? 'the endpoint refused the key' : 'the endpoint asks for a key';
    return fail('provider-refused-key', `${what}; ${advice} ${said}`);
  }
  if (status === 404) {
    const text = `the endpoint knows no model "${call.upstream}", or the endpoint’s path is wrong`;
    return fail('provider-unknown-model', `${text} ${said}`);
  }
  if (status === 429) {
    const after = retryAfter(error.headers?.get('retry-after'), call.now());
    return fail('provider-busy', `the endpoint’s rate limit or quota is used up ${said}`, after);
  }
  if (status >= 300 && status < 400) {
    const to = URL.parse(error.headers?.get('location') ?? '', call.url);
    // A query might repeat the request's.
    const where = to === null ? 'nowhere' : quote(`${to.origin}${to.pathname}`);
    const text = `answered with a redirect to ${where}, which is not followed`;
    return fail('provider-redirected', `${text}; set endpoint to where the API is`);
  }
  if (status >= 500) {
    const after = retryAfter(error.headers?.get('retry-after'), call.now());
    return fail('provider-failed', `answered with the status ${status} ${said}`, after);
  }
  return fail('provider-rejected', `rejected the request with the status ${status} ${said}`);
}

/**
 * Seconds from a Retry-After header: a number or a date (RFC 9110, section 10.2.3), at least 1
 * and at most an hour; undefined when there is none or it can't be read.
 */
export function retryAfter(header: string | null | undefined, now: number): number | undefined {
  if (!header) return undefined;
  const seconds = /^\s*\d+(?:\.\d+)?\s*$/.test(header)
    ? Number(header)
    : (Date.parse(header) - now) / 1_000;
  if (Number.isNaN(seconds)) return undefined;
  return Math.min(RETRY_AFTER_MAX, Math.max(1, Math.ceil(seconds)));
}

const DEPTH_MAX = 8;

/** What was thrown, then what caused it, and so on. */
function* causes(thrown: unknown): Generator<unknown, void> {
  let next = thrown;
  for (let depth = 0; depth < DEPTH_MAX && next !== undefined; depth++) {
    yield next;
    next = next instanceof Error ? next.cause : undefined;
  }
}

function rootCause(thrown: unknown): string {
  const deepest = [...causes(thrown)].at(-1);
  // Several addresses of one host: all were tried, the first failure says why.
  if (deepest instanceof AggregateError && deepest.errors.length > 0) {
    return rootCause(deepest.errors[0]);
  }
  return messageOf(deepest) || (systemCode(deepest) ?? 'unknown');
}
