/** The provider for a model: made at its first use, gone with the model after a reload. */

import type { Clock } from '../clock.ts';
import type { Model } from '../models/model.ts';
import { targetOf } from '../models/target.ts';
import type { Secrets } from '../secrets.ts';
import type { Backend } from '../settings.ts';
import { createOpenAiProvider } from './openai.ts';
import { createPreviewProvider } from './preview.ts';
import type { Provider } from './provider.ts';
import type { Transport } from './transport.ts';

/** A provider, and what of its address shapes the answer. */
export interface ProviderChoice {
  readonly provider: Provider;
  /** Base URL; undefined for a provider without a network. */
  readonly url: string | undefined;
}

export interface ProviderDirectory {
  /** @throws {MuseError} when the model can't be used. */
  find(model: Model, backend: Backend): ProviderChoice;
}

export interface ProviderDirectoryOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

export function createProviderDirectory(options: ProviderDirectoryOptions): ProviderDirectory {
  const known = new WeakMap<Model, Map<Backend, ProviderChoice>>();
  const make = (model: Model, backend: Backend): ProviderChoice => {
    if (model.provider === 'preview') {
      return { provider: createPreviewProvider(model), url: undefined };
    }
    const target = targetOf(model, backend);
    options.secrets.add(target.apiKey);
    for (const value of model.secrets) options.secrets.add(value);
    const { transport, clock } = options;
    return { provider: createOpenAiProvider({ model, target, transport, clock }), url: target.url };
  };
  return {
    find(model, backend) {
      const byBackend = known.get(model) ?? new Map<Backend, ProviderChoice>();
      known.set(model, byBackend);
      const choice = byBackend.get(backend) ?? make(model, backend);
      byBackend.set(backend, choice);
      return choice;
    },
  };
}
