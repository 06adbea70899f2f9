/** The timers of one provider call: connect, first content, idle, total. */

import type { Clock, Timer } from '../clock.ts';
import { MuseError } from '../errors.ts';
import type { Timeouts } from '../models/model.ts';

const CONNECT_DEFAULT = 10;
const IDLE_DEFAULT = 60;

export interface Deadlines {
  /** Aborted when the caller's signal is, or a timer ends: then its reason is a MuseError. */
  readonly signal: AbortSignal;
  /** The connection to the provider stands. */
  connected(): void;
  /** Something of the answer has arrived. */
  progress(): void;
  /** Clears all timers. */
  [Symbol.dispose](): void;
}

/** Starts the timers of a call to `model`; `total` is the page's own limit in seconds. */
export function startDeadlines(
  model: { readonly name: string; readonly timeouts: Timeouts },
  total: number,
  caller: AbortSignal,
  clock: Clock,
): Deadlines {
  const { timeouts } = model;
  const controller = new AbortController();
  const timers = new Map<string, Timer>();
  const start = (field: string, seconds: number, what: string): void => {
    timers.get(field)?.clear();
    timers.set(
      field,
      clock.after(seconds * 1_000, () => {
        const advice = field === 'total' ? 'timeouts.total or MuseAiTimeout' : `timeouts.${field}`;
        const detail = `model "${model.name}": ${what} within ${seconds} s; see ${advice}`;
        controller.abort(new MuseError('provider-slow', detail));
      }),
    );
  };
  const stop = (field: string): void => timers.get(field)?.clear();
  const leave = (): void => controller.abort(caller.reason);

  if (caller.aborted) leave();
  else caller.addEventListener('abort', leave, { once: true });
  start('total', Math.min(timeouts.total ?? total, total), 'the answer was not complete');
  start('connect', timeouts.connect ?? CONNECT_DEFAULT, 'the endpoint took no connection');
  if (timeouts.first !== undefined) start('first', timeouts.first, 'nothing of the answer came');

  return {
    signal: controller.signal,
    connected: () => stop('connect'),
    progress() {
      stop('connect');
      stop('first');
      start('idle', timeouts.idle ?? IDLE_DEFAULT, 'the answer did not go on');
    },
    [Symbol.dispose]() {
      caller.removeEventListener('abort', leave);
      for (const timer of timers.values()) timer.clear();
    },
  };
}
