/** Where a model's requests go, and which key goes with them. */

import { MuseError } from '../errors.ts';
import type { Backend } from '../settings.ts';
import { normaliseEndpoint } from './endpoint.ts';
import type { Model } from './model.ts';

export interface Target {
  readonly url: string;
  readonly apiKey: string | undefined;
  /** Its share of the calls, in proportion to the others'. */
  readonly weight: number;
}

/**
 * The targets of `model` for a server, at least one. The default key goes to the default endpoints
 * only: a model with endpoints of its own has its own keys or none.
 *
 * @throws {MuseError} `model-unavailable` or `model-not-configured`; the detail says what to do.
 */
export function targetsOf(model: Model, backend: Backend): readonly Target[] {
  if (model.unavailable !== undefined) throw new MuseError('model-unavailable', model.unavailable);
  if (model.endpoints.length > 0) return model.endpoints;
  if (model.endpoint !== undefined) {
    return [{ url: model.endpoint, apiKey: model.apiKey, weight: 1 }];
  }
  if (backend.endpoints?.length) {
    const title = `MuseAiBackendEndpoint of ${backend.server}`;
    return backend.endpoints.map((url) => defaultTarget(url, title, model, backend));
  }
  if (backend.endpoint === undefined) {
    throw new MuseError(
      'model-not-configured',
      `model "${model.name}" has no endpoint: give it "endpoint" in models.json, or set ` +
        `MuseAiEndpoint for ${backend.server} or MUSE_AI_ENDPOINT in the environment`,
    );
  }
  return [defaultTarget(backend.endpoint, `MuseAiEndpoint of ${backend.server}`, model, backend)];
}

function defaultTarget(text: string, title: string, model: Model, backend: Backend): Target {
  const endpoint = normaliseEndpoint(text);
  if (!endpoint.ok) throw new MuseError('model-not-configured', `${title}: ${endpoint.problem}`);
  return { url: endpoint.url, apiKey: model.apiKey ?? backend.apiKey, weight: 1 };
}
