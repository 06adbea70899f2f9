/**
 * Writing a stale page anew while visitors go on being served the old one. Nobody waits for it and
 * nobody's leaving ends it. httpd's children see to it that one page is asked for once at a time,
 * by a claim in the region that lasts some seconds: here it is renewed, and after a failure kept,
 * so that a provider that is down is not asked again at once.
 */

import type { Answers } from './caching/answers.ts';
import type { Clock, Timer } from './clock.ts';
import type { Completion, Outcome } from './completion.ts';
import { MuseError } from './errors.ts';
import type { Log } from './log.ts';
import type { Asked } from './request.ts';

export interface RefreshParts {
  readonly answers: Answers;
  readonly clock: Clock;
  readonly log: Log;
  /** Writes the page and keeps it. The error that it failed with, or undefined. */
  readonly write: (asked: Asked) => Promise<MuseError | 'not kept' | undefined>;
}

/** Seconds for which the claim is renewed, as httpd first made it, and how often. */
const CLAIM = 10;
const RENEW_MS = 3_000;
/** Seconds after a failure until the page is tried again, and the most that a provider may ask for. */
const PAUSE = 10;
const PAUSE_MOST = 300;

/** Never rejects. */
export async function refresh(asked: Asked, parts: RefreshParts): Promise<void> {
  const { answers, clock, log } = parts;
  const { file, pageKey } = asked;
  if (pageKey === undefined) return;
  let timer: Timer | undefined;
  const renew = (): void => {
    answers.hold(pageKey, CLAIM);
    timer = clock.after(RENEW_MS, renew);
  };
  renew();
  const failure = await parts.write(asked).catch((thrown: unknown) => {
    const error = MuseError.from(thrown);
    log.write(error.code, error.message);
    return error;
  });
  timer?.clear();
  if (failure === undefined) return;
  const wish = failure === 'not kept' ? undefined : failure.retryAfter;
  const pause = Math.min(Math.max(PAUSE, Math.ceil(wish ?? 0)), PAUSE_MOST);
  answers.hold(pageKey, pause);
  const next = `whoever asks for it after ${pause} seconds has it tried again`;
  log.write('refresh-failed', `${file} was not written anew and stays stale; ${next}`);
}

/** Keeps `completion` from being ended for want of readers, and waits until it has ended by itself. */
export async function waitForEnd(completion: Completion): Promise<Outcome> {
  const nobody = { wake() {} };
  completion.join(nobody);
  const outcome = await completion.ended;
  completion.leave(nobody);
  return outcome;
}
