/** Models that reason, and that may be told not to. */

import type { CallSettings } from '../backend.ts';
import type { Clock } from '../clock.ts';
import { MuseError } from '../errors.ts';
import type { Model } from '../models/model.ts';
import type { Provider } from './provider.ts';

/** What the names of such models hold. */
const THINKERS = ['deepseek', 'qwen', 'mercury', 'sonar-reasoning', 'gemini-2.5-flash'];

/** What a request then says. */
export const NO_THINKING = Object.freeze({ thinking: false });

/** Whether the calls to `model` say so. To name models without a yes or no is to mean it. */
export function isToldNotToThink(model: Model, settings: CallSettings = {}): boolean {
  const { thinkers = [], thinkingOff = thinkers.length > 0 } = settings;
  if (!thinkingOff || model.provider !== 'openai') return false;
  const name = model.upstream.toLowerCase();
  return [...THINKERS, ...thinkers].some((part) => name.includes(part.toLowerCase()));
}

export interface UnlessRefusedOptions {
  /** Says it. */
  readonly told: Provider;
  /** Does not. */
  readonly plain: Provider;
  readonly clock: Clock;
  /** For the log: the model and where it is asked. */
  readonly title: string;
}

/**
 * Says it until an endpoint turns out not to take it: an endpoint may refuse the whole request for
 * a field that it does not know, with 400 or 422.
 */
export function unlessRefused({ told, plain, clock, title }: UnlessRefusedOptions): Provider {
  let refused = false;
  return {
    async complete(request, sink, signal) {
      if (refused) return plain.complete(request, sink, signal);
      const since = clock.uptime();
      try {
        return await told.complete(request, sink, signal);
      } catch (thrown) {
        if (signal.aborted || !isRefusal(thrown)) throw thrown;
      }
      const spent = (request.spent ?? 0) + (clock.uptime() - since) / 1_000;
      const finish = await plain.complete({ ...request, spent }, sink, signal);
      if (!refused) {
        const text = `${title} does not take "thinking": false; it is asked without it now`;
        sink.log.write('thinking-refused', text);
      }
      refused = true;
      return finish;
    },
  };
}

function isRefusal(thrown: unknown): boolean {
  if (!(thrown instanceof MuseError) || thrown.code !== 'provider-rejected') return false;
  return thrown.answered === 400 || thrown.answered === 422;
}
