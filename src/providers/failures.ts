/** What went wrong at a provider, as one of the engine's own errors. */

import {
  type FailureCode,
  MuseError,
  type MuseErrorOptions,
  messageOf,
  systemCode,
  type Told,
} from '../errors.ts';
import { withoutQuotes } from '../quotes.ts';
import type { HeaderOf } from './transport.ts';

export interface CallInfo {
  readonly model: string;
  readonly upstream: string;
  readonly url: string;
  /** What was sent as the key; undefined: nothing. */
  readonly apiKey: string | undefined;
  /** The wall clock, against which a date of the provider's is read. */
  readonly now: () => number;
  /** The texts of the request: what a provider repeats of them is not logged. */
  readonly said: readonly string[];
}

/** How far a call had come. */
export type CallStage = 'connecting' | 'waiting' | 'streaming';

const RETRY_AFTER_MAX = 3_600;
/**
 * Statuses that say nothing against the request: 408 is a server that gave up waiting for it
 * (RFC 9110, section 15.5.9), 409 a lock at the provider (OpenAI's own clients ask again, too).
 */
const OF_THE_MOMENT: ReadonlySet<number> = new Set([408, 409]);

/** A provider's words for the log, without what they repeat of the key and the prompt. */
export function redact(text: string, { apiKey, said }: CallInfo): string {
  return withoutQuotes(text, apiKey === undefined ? said : [apiKey, ...said]);
}

/** The connection did not come about, or broke. */
export function connectionFailure(error: Error, stage: CallStage, call: CallInfo): MuseError {
  const why = redact(rootCause(error), call);
  if (stage === 'connecting') return failure('provider-unreachable', `no connection: ${why}`, call);
  const what =
    stage === 'waiting' ? 'the connection broke before an answer' : 'the connection broke';
  return failure('provider-cut-off', `${what}: ${why}`, call);
}

/** The endpoint answered with a status that is no success. */
export function statusFailure(
  status: number,
  header: HeaderOf,
  body: string,
  call: CallInfo,
): MuseError {
  const said = `(${redact(wordsOf(status, body), call)})`;
  const failed = (code: FailureCode, text: string, after?: number): MuseError =>
    failure(code, text, call, { answered: status, retryAfter: after });
  const after = (): number | undefined => retryAfter(header('retry-after'), call.now());
  if (status === 401 || status === 403) {
    const sent = call.apiKey !== undefined;
    const advice = sent
      ? 'check api_key in models.json or MuseAiApiKey, and PassEnv for the variable it names'
      : 'no key was sent; set api_key for this model in models.json, or MuseAiApiKey';
    const what = sent ? 'the endpoint refused the key' : 'the endpoint asks for a key';
    return failed('provider-refused-key', `${what}; ${advice} ${said}`);
  }
  if (status === 404) {
    const text = `the endpoint knows no model "${call.upstream}", or the endpoint’s path is wrong`;
    return failed('provider-unknown-model', `${text} ${said}`);
  }
  if (status === 429) {
    return failed(
      'provider-busy',
      `the endpoint’s rate limit or quota is used up ${said}`,
      after(),
    );
  }
  if (status >= 300 && status < 400) {
    const to = URL.parse(header('location') ?? '', call.url);
    // A query might repeat the request's.
    const where = to === null ? 'nowhere' : redact(`${to.origin}${to.pathname}`, call);
    const text = `answered with a redirect to ${where}, which is not followed`;
    return failed('provider-redirected', `${text}; set endpoint to where the API is`);
  }
  if (status >= 500 || OF_THE_MOMENT.has(status)) {
    return failed('provider-failed', `answered with the status ${status} ${said}`, after());
  }
  const text = `rejected the request with the status ${status} ${said}`;
  return failure('provider-rejected', text, call, {
    answered: status,
    told: toldOf(status, body, call),
  });
}

function failure(
  code: FailureCode,
  text: string,
  call: CallInfo,
  options: MuseErrorOptions = {},
): MuseError {
  return new MuseError(code, `model "${call.model}" at ${call.url}: ${text}`, options);
}

/** What the body of an error says: `{"error": {"message": …}}`, or whatever else is in it. */
function wordsOf(status: number, body: string): string {
  const text = body.trim();
  try {
    const parsed = JSON.parse(text);
    const message = parsed?.error?.message ?? parsed?.message ?? parsed?.error;
    if (typeof message === 'string') return `${status} ${message}`;
  } catch {
    // Not JSON: as it is.
  }
  return text === '' ? `${status}, without a word` : `${status} ${text}`;
}

/**
 * Its words for the program whose request it rejected, without the key: only it can tell what is
 * wrong with what this engine passes on unread.
 */
function toldOf(status: number, body: string, { apiKey }: CallInfo): Told {
  const clean = (text: string): string => withoutQuotes(text, apiKey === undefined ? [] : [apiKey]);
  const said = (name: string): string | undefined => {
    const value = errorIn(body)?.[name];
    return typeof value === 'string' ? clean(value) : undefined;
  };
  const message = `The model’s provider rejected the request: ${clean(wordsOf(status, body))}`;
  return { message, param: said('param'), code: said('code') };
}

function errorIn(body: string): Record<string, unknown> | undefined {
  try {
    const error: unknown = JSON.parse(body)?.error;
    return typeof error === 'object' && error !== null ? { ...error } : undefined;
  } catch {
    return undefined;
  }
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
