/** The way of a client that comes back: it is sent away with 202, and answered when it returns. */

import type { Answers } from '../caching/answers.ts';
import type { Clock } from '../clock.ts';
import type { Completion } from '../completion.ts';
import type { Reply } from '../exchange.ts';
import { noteFacts } from '../facts.ts';
import { type Flight, headersOf } from '../flight.ts';
import type { JobFacts } from '../job.ts';
import { sendEnded, sendFailure, sendNothingMore } from '../replies.ts';
import { sendAsWritten, type Visit } from '../representations/representation.ts';
import type { Asked } from '../request.ts';
import { type Deferred, type DeferredAnswers, unknownAnswer } from './deferred-answers.ts';
import { locationOf } from './location.ts';
import { readPreference } from './prefer.ts';

/** Seconds: a client that would wait for longer is sent away all the same. */
const WAIT_MOST = 60;
/** Seconds after which it makes sense to come back. */
const RETRY_SECONDS = 2;

export interface DeferralParts {
  readonly deferred: DeferredAnswers;
  readonly answers: Answers;
  readonly clock: Clock;
}

/** Whether the client prefers to come back. Of one that asks by HEAD, nothing is written. */
export function wantsDeferral({ method, prefer }: Asked): boolean {
  return method !== 'HEAD' && readPreference(prefer).respondAsync;
}

/** Answers with the page if it is there in the time that the client waits, else with 202. */
export async function defer(
  { deferred, clock }: DeferralParts,
  visit: Visit,
  job: JobFacts,
  flight: Flight,
): Promise<void> {
  const { asked, reply, signal } = visit;
  const entry = deferred.add(asked, job, flight);
  await patience(flight.completion, asked, clock, signal);
  if (flight.completion.outcome === undefined && !signal.aborted) {
    sendAway(reply, asked, entry.id);
    return;
  }
  deferred.drop(entry);
  if (!signal.aborted) await sendOutcome(flight, job, visit);
}

/** Answers a client that has come back. */
export async function answerReturned(
  { answers, clock }: DeferralParts,
  visit: Visit,
  { id, job, flight }: Deferred,
): Promise<void> {
  const { asked, reply, signal, representation } = visit;
  if (representation.isOver) {
    sendNothingMore(reply);
    return;
  }
  if (flight === undefined) {
    const kept = await answers.find(job.key, job.policy.ttl, asked.file);
    if (kept === undefined) throw unknownAnswer(asked);
    noteFacts(reply, kept.facts);
    await representation.sendKept(reply, kept, signal);
    return;
  }
  const { completion } = flight;
  if (!representation.isStream) await patience(completion, asked, clock, signal);
  if (signal.aborted) return;
  if (completion.outcome !== undefined || representation.isStream) {
    await sendOutcome(flight, job, visit);
  } else sendAway(reply, asked, id);
}

/** Waits for the end of `completion` for as long as the client likes to, but not for ever. */
async function patience(
  completion: Completion,
  { prefer }: Asked,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const seconds = Math.min(readPreference(prefer).wait, WAIT_MOST);
  if (seconds === 0 || completion.outcome !== undefined) return;
  const over = Promise.withResolvers<void>();
  const timer = clock.after(seconds * 1_000, over.resolve);
  signal.addEventListener('abort', () => over.resolve(), { once: true });
  if (signal.aborted) over.resolve();
  await Promise.race([completion.ended, over.promise]);
  timer.clear();
}

function sendAway(reply: Reply, asked: Asked, id: string): void {
  const location = locationOf(asked.uri, id, asked.language?.tag);
  const body = Buffer.from(`${JSON.stringify({ status: 'writing', location })}\n`);
  reply.head(202, [
    ['Content-Type', 'application/json'],
    ['Content-Length', String(body.length)],
    ['Location', location],
    ['Retry-After', String(RETRY_SECONDS)],
    ['Preference-Applied', 'respond-async'],
    ['Cache-Control', 'no-store'],
  ]);
  reply.write(body);
  reply.end('whole');
}

/**
 * An answer whose reader has nothing of it yet: to a reader of events as it comes; else the page,
 * which has ended, or an honest status.
 */
async function sendOutcome(flight: Flight, job: JobFacts, visit: Visit): Promise<void> {
  const { asked, reply, signal, representation } = visit;
  if (representation.isStream && asked.method === 'HEAD') {
    reply.head(200, representation.head(true));
    reply.end('whole');
  } else if (representation.isStream) {
    await sendAsWritten(visit, flight, true);
  } else {
    noteFacts(reply, flight.writer.facts());
    const { outcome } = flight.completion;
    if (outcome?.kind === 'failed' || outcome?.kind === 'broken') sendFailure(reply, outcome.error);
    else if (outcome?.kind === 'whole' && outcome.kept !== undefined) {
      await representation.sendKept(reply, outcome.kept, signal);
    } else sendEnded(reply, flight.completion.whole(), headersOf(flight, job.headers));
  }
}
