/** A provider that has no more than so many calls under way with its origin. */

import type { Clock } from '../clock.ts';
import { MuseError } from '../errors.ts';
import { wait } from './back-off.ts';
import type { CompletionRequest, Provider } from './provider.ts';
import type { Slots } from './slots.ts';

export interface LimitedOptions {
  readonly slots: Slots;
  readonly clock: Clock;
  /** For the log: the model and where it is asked. */
  readonly title: string;
  readonly origin: string;
  readonly most: number;
  /** Seconds to wait for a free one; undefined: all the time that there is. */
  readonly patience: number | undefined;
}

/** Seconds after which it makes sense to ask again. */
const RETRY_AFTER = 5;

export function limited(provider: Provider, options: LimitedOptions): Provider {
  const { slots, clock, origin, most } = options;
  return {
    async complete(request, sink, signal) {
      const slot = slots.enter(origin, most);
      try {
        if (slot.free === undefined) return await provider.complete(request, sink, signal);
        const since = clock.uptime();
        await untilFree(slot.free, request, signal);
        const spent = (request.spent ?? 0) + (clock.uptime() - since) / 1_000;
        return await provider.complete({ ...request, spent }, sink, signal);
      } finally {
        slot.leave();
      }
    },
  };

  async function untilFree(
    free: Promise<void>,
    { timeout, spent = 0 }: CompletionRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const seconds = Math.max(0, Math.min(options.patience ?? timeout, timeout - spent));
    const over = new AbortController();
    try {
      const late = wait(seconds * 1_000, clock, AbortSignal.any([signal, over.signal]));
      const isFree = await Promise.race([free.then(() => true), late.then(() => false)]);
      if (!isFree) throw full(seconds);
    } finally {
      over.abort();
    }
  }

  function full(seconds: number): MuseError {
    const limit = Math.round(seconds * 100) / 100;
    const text = `none of ${most} connections was free within ${limit} s`;
    const advice = 'see MuseAiPoolMaxConnections and MuseAiPoolConnectionTimeout';
    return new MuseError('endpoint-full', `${options.title}: ${text}; ${advice}`, {
      retryAfter: RETRY_AFTER,
    });
  }
}
