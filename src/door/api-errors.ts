/** Failures in the shape that OpenAI's clients know: {"error": {message, type, param, code}}. */

import type { FailureCode, MuseError } from '../errors.ts';
import type { Reply } from '../exchange.ts';

/** Statuses of a provider by which it rejects the request itself, which its sender has to know. */
const PASSED_ON: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/** What visitors of pages are told speaks of pages. */
const SENTENCES: Partial<Record<FailureCode, string>> = {
  'provider-busy': 'The model’s provider is busy. Please try again in a moment.',
  'provider-slow': 'The model took too long.',
  'provider-cut-off': 'The connection to the model’s provider broke.',
  'answer-too-long': 'The answer is longer than this server allows.',
  'budget-spent': 'The budget of this server is used up for today.',
  'model-budget-spent': 'The budget of this model is used up for today.',
  'budget-held': 'Too many requests are being answered. Please try again in a moment.',
  'budget-uncounted': 'This model can’t be used at the moment.',
  'model-unavailable': 'This model can’t be used at the moment.',
  'model-not-configured': 'This model can’t be used at the moment.',
};
const OTHERWISE = 'The model’s provider has a problem. Please try again later.';
const OWN_FAULT = 'The server has a problem; its error log says which.';

export function sendApiError(reply: Reply, error: MuseError): void {
  const body = Buffer.from(JSON.stringify(errorObject(error)));
  reply.head(statusOf(error), [
    ['Content-Type', 'application/json'],
    ['Content-Length', String(body.length)],
    ['Cache-Control', 'no-store'],
    ...(error.retryAfter === undefined ? [] : [['Retry-After', String(error.retryAfter)] as const]),
    ...(error.allow === undefined ? [] : [['Allow', error.allow] as const]),
  ]);
  reply.write(body);
  reply.end('whole');
}

/** Of a provider's failure a program learns no more than a visitor does. */
export function errorObject(error: MuseError): object {
  const told = isProgramsOwn(error) ? error.told : undefined;
  return {
    error: {
      message: told?.message ?? sentenceFor(error),
      type: statusOf(error) < 500 ? 'invalid_request_error' : 'server_error',
      param: told?.param ?? null,
      code: told?.code ?? error.code.replaceAll('-', '_'),
    },
  };
}

function sentenceFor({ code, status }: MuseError): string {
  return SENTENCES[code] ?? (status === 500 ? OWN_FAULT : OTHERWISE);
}

function statusOf(error: MuseError): number {
  const { answered, status } = error;
  return answered !== undefined && isProgramsOwn(error) ? answered : status;
}

/** Whether the program can do something about it. */
function isProgramsOwn({ code, answered }: MuseError): boolean {
  if (answered === undefined) return true;
  return code === 'provider-rejected' && PASSED_ON.has(answered);
}
