/** The timers of one call to a provider: connect, first content, idle, and what is left of total. */

import type { Clock, Timer } from '../clock.ts';
import { MuseError } from '../errors.ts';
import type { Timeouts } from '../models/model.ts';

const CONNECT_DEFAULT = 10;
const IDLE_DEFAULT = 60;
/** Milliseconds by which a timer comes late when the engine itself did not move. */
const LATE_MS = 1_000;

export interface Deadlines {
  /** The connection to the provider stands. */
  connected(): void;
  /** Something has arrived: of the answer itself, or (`content` false) around it. */
  progress(content: boolean): void;
  /** Clears all timers. */
  clear(): void;
}

export interface DeadlineOptions {
  readonly model: { readonly name: string; readonly timeouts: Timeouts };
  /** The page's own limit in seconds. */
  readonly total: number;
  /** How many seconds of the total, the page's or the model's, are gone. */
  readonly spent: number;
  readonly clock: Clock;
  /** Called at the end of a timer. */
  readonly onExpired: (error: MuseError) => void;
}

/** Starts the timers of a call. */
export function startDeadlines(options: DeadlineOptions): Deadlines {
  const { model, total, spent, clock, onExpired } = options;
  const { timeouts } = model;
  const timers = new Map<string, Timer>();
  const expire = (field: string, seconds: number, what: string): void => {
    const advice = field === 'total' ? 'timeouts.total or MuseAiTimeout' : `timeouts.${field}`;
    const limit = Math.round(seconds * 100) / 100 || seconds;
    const detail = `model "${model.name}": ${what} within ${limit} s; see ${advice}`;
    onExpired(new MuseError('provider-slow', detail));
  };
  const start = (field: string, seconds: number, what: string, gone = 0): void => {
    const left = Math.max(0, seconds - gone) * 1_000;
    const due = clock.uptime() + left;
    timers.set(
      field,
      // An engine that was stopped, or has too much to do, comes to its timers before it reads what
      // came in the meantime: so that is looked at first. And what it had yet to send, nobody could
      // answer: the provider's own timers begin anew, once.
      clock.after(left, () => {
        const isAnew = field !== 'total' && clock.uptime() - due > LATE_MS;
        timers.set(
          field,
          clock.after(isAnew ? seconds * 1_000 : 0, () => expire(field, seconds, what)),
        );
      }),
    );
  };
  const stop = (field: string): void => timers.get(field)?.clear();

  // One timer for many pieces: it looks when the last one came, and waits for what is left.
  const idle = timeouts.idle ?? IDLE_DEFAULT;
  let lastAt: number | undefined;
  const watchIdle = (ms: number, hasLooked = false): void => {
    const timer = clock.after(ms, () => {
      const left = (lastAt ?? 0) + idle * 1_000 - clock.uptime();
      if (left > 0) watchIdle(left);
      else if (!hasLooked) watchIdle(0, true);
      else expire('idle', idle, 'the answer did not go on');
    });
    timers.set('idle', timer);
  };

  start('total', Math.min(timeouts.total ?? total, total), 'the answer was not complete', spent);
  start('connect', timeouts.connect ?? CONNECT_DEFAULT, 'the endpoint took no connection');
  if (timeouts.first !== undefined) start('first', timeouts.first, 'nothing of the answer came');

  return {
    connected() {
      stop('connect');
    },
    progress(content) {
      if (lastAt === undefined) {
        if (!content) return;
        stop('first');
        watchIdle(idle * 1_000);
      }
      lastAt = clock.uptime();
    },
    clear() {
      for (const timer of timers.values()) timer.clear();
    },
  };
}
