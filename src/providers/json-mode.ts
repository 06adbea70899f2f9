/**
 * Asks for JSON by `response_format`, which makes most endpoints answer with nothing else. One that
 * refuses the request for it is asked without it, then and from then on.
 */

import type { Clock } from '../clock.ts';
import { MuseError } from '../errors.ts';
import { isJson } from '../media-type.ts';
import type { Model } from '../models/model.ts';
import type { Provider } from './provider.ts';

/** `provider`: one endpoint of `model`. */
export function withJsonMode(model: Model, provider: Provider, clock: Clock): Provider {
  if (!model.jsonMode) return provider;
  let isTaken = true;
  return {
    complete(request, sink, signal) {
      if (!isTaken || !isJson(request.contentType)) return provider.complete(request, sink, signal);
      const since = clock.uptime();
      const asked = provider.complete({ ...request, jsonMode: true }, sink, signal);
      return asked.catch((error: unknown) => {
        if (!isRefusal(error)) throw error;
        isTaken = false;
        sink.log.write(
          'json-mode-refused',
          `${error.message}; it is asked without that from now on`,
        );
        const spent = (request.spent ?? 0) + (clock.uptime() - since) / 1_000;
        return provider.complete({ ...request, spent }, sink, signal);
      });
    },
  };
}

function isRefusal(error: unknown): error is MuseError {
  if (!(error instanceof MuseError)) return false;
  if (error.answered !== 400 && error.answered !== 422) return false;
  return /response[_ ]?format|json_object/i.test(error.message);
}
