/** The engine's one error class: what went wrong, for the visitor and, apart, for the log. */

import type { EventName } from './events.ts';

interface Failure {
  /** HTTP status of the answer, when nothing of the page has been sent yet. */
  readonly status: number;
  /** A sentence that may be shown to any visitor: no names, no paths, nothing from a provider. */
  readonly visitor: string;
}

const SITE = 'This page can’t be shown because of a mistake in the site’s configuration.';
const WRITER = 'The service that writes this page has a problem. Please try again later.';

const SPENT = 'This page can’t be written today any more. Please come back tomorrow.';

/** Stable code → status and sentence. The codes are the names of the log's events. */
export const FAILURES = {
  'model-unavailable': { status: 503, visitor: SITE },
  'model-not-configured': { status: 503, visitor: SITE },
  'page-missing': { status: 404, visitor: 'There is no such page.' },
  'page-unreadable': { status: 403, visitor: 'This page may not be read.' },
  'page-too-large': { status: 500, visitor: SITE },
  'page-not-text': { status: 500, visitor: SITE },
  'page-front-matter': { status: 500, visitor: SITE },
  'page-template': { status: 500, visitor: SITE },
  'page-empty': { status: 500, visitor: SITE },
  'prompts-unreadable': { status: 500, visitor: SITE },
  'budget-spent': { status: 503, visitor: SPENT },
  'model-budget-spent': { status: 503, visitor: SPENT },
  'budget-uncounted': { status: 503, visitor: SITE },
  'budget-held': {
    status: 503,
    visitor: 'Too many pages are being written. Please try again in a moment.',
  },
  'provider-refused-key': { status: 502, visitor: WRITER },
  'provider-unknown-model': { status: 502, visitor: WRITER },
  'provider-busy': {
    status: 503,
    visitor: 'The service that writes this page is busy. Please try again in a moment.',
  },
  'endpoint-full': {
    status: 503,
    visitor: 'The service that writes this page is busy. Please try again in a moment.',
  },
  'provider-failed': { status: 502, visitor: WRITER },
  'provider-unreachable': { status: 502, visitor: WRITER },
  'provider-slow': {
    status: 504,
    visitor: 'The service that writes this page took too long. Please try again later.',
  },
  'provider-cut-off': { status: 502, visitor: WRITER },
  'provider-nonsense': { status: 502, visitor: WRITER },
  'provider-redirected': { status: 502, visitor: WRITER },
  'provider-rejected': { status: 502, visitor: WRITER },
  'answer-empty': { status: 502, visitor: 'The page that was written is empty.' },
  'answer-too-long': { status: 502, visitor: 'The page that was written is too long.' },
  'answer-not-json': { status: 502, visitor: 'The answer that was written is not whole.' },
  'deferred-unknown': { status: 404, visitor: 'There is no such answer, or not any more.' },
  'deferred-too-many': {
    status: 503,
    visitor: 'Too many pages are being written. Please try again in a moment.',
  },
  'input-too-large': { status: 413, visitor: 'What you sent is too long for this page.' },
  'form-unreadable': { status: 400, visitor: 'The form that you sent can’t be read.' },
  'form-type': { status: 415, visitor: 'This page takes the fields of a form, and no files.' },
  'method-refused': { status: 405, visitor: 'This page takes no forms.' },
  'page-include': { status: 500, visitor: SITE },
  'request-invalid': { status: 500, visitor: SITE },
  'chat-invalid': { status: 400, visitor: 'This request is not understood.' },
  'chat-unknown-model': { status: 404, visitor: 'There is no such model.' },
  'chat-unknown-path': { status: 404, visitor: 'There is no such address.' },
  'chat-other-method': { status: 405, visitor: 'This address is asked in another way.' },
  'prompt-invalid': { status: 400, visitor: 'This request is not understood.' },
  'request-failed': { status: 500, visitor: 'Something went wrong while this page was made.' },
} as const satisfies Partial<Record<EventName, Failure>>;

export type FailureCode = keyof typeof FAILURES;

/** What is wrong with a program's request: which part of it, and a name that programs know. */
export interface Told {
  readonly message: string;
  readonly param?: string | undefined;
  readonly code?: string | undefined;
}

export interface MuseErrorOptions {
  /** In place of the code's own. */
  readonly status?: number | undefined;
  /** Seconds after which it makes sense to ask again. */
  readonly retryAfter?: number | undefined;
  /** The methods that there are, where another one was refused. */
  readonly allow?: string | undefined;
  /** The status that a provider answered with, if it is one. */
  readonly answered?: number | undefined;
  /** What a program is told that made the request itself; in no case shown to visitors of pages. */
  readonly told?: Told | undefined;
  /** What was caught; never shown, and logged only as `detail` says it. */
  readonly cause?: unknown;
}

/** A request that can't be answered, or an answer that broke off. */
export class MuseError extends Error {
  override readonly name = 'MuseError';
  /** Stable: the `Muse-Error` header and the documentation name it. */
  readonly code: FailureCode;
  readonly status: number;
  readonly visitorMessage: string;
  readonly retryAfter: number | undefined;
  readonly allow: string | undefined;
  readonly answered: number | undefined;
  readonly told: Told | undefined;

  /** `detail` is for the log: what happened, where, what to do. It may name files and models. */
  constructor(code: FailureCode, detail: string, options: MuseErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? FAILURES[code].status;
    this.visitorMessage = FAILURES[code].visitor;
    this.retryAfter = options.retryAfter;
    this.allow = options.allow;
    this.answered = options.answered;
    this.told = options.told;
  }

  /** Whatever was thrown, as a MuseError; a mistake in the engine becomes `request-failed`. */
  static from(thrown: unknown): MuseError {
    if (thrown instanceof MuseError) return thrown;
    const detail = `a mistake in the engine, please report it: ${traceOf(thrown)}`;
    return new MuseError('request-failed', detail, { cause: thrown });
  }
}

const FRAMES = 6;

/** Where something unexpected was thrown. Not its message: that could quote a prompt or a key. */
export function traceOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `a ${typeof thrown} was thrown`;
  const frames = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const code = systemCode(thrown);
  const where = frames.slice(0, FRAMES).map((line) => line.trim());
  return `${thrown.name}${code === undefined ? '' : ` (${code})`} ${where.join(' ')}`;
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a system error (`ENOENT`), or undefined. */
export function systemCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
