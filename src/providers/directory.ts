/**
 * The provider for a model: made at its first use, gone with the model after a reload. What is
 * known of endpoints, and who replaces whom, stays.
 */

import type { Budgets } from '../budget/budgets.ts';
import { chainOf } from '../models/fallbacks.ts';
import type { Model } from '../models/model.ts';
import type { Backend } from '../settings.ts';
import { createFallbackChain } from './fallback-chain.ts';
import { FallbackWatch } from './fallback-watch.ts';
import { LinkMaker, type LinkMakerOptions } from './links.ts';
import type { Provider } from './provider.ts';
import { isToldNotToThink } from './thinking.ts';

/** A provider, and what of its address shapes the answer. */
export interface ProviderChoice {
  readonly provider: Provider;
  /** Base URL, or several of them; undefined for a provider without a network. */
  readonly url: string | undefined;
  /** Whether the model is told not to reason, which shapes it too. */
  readonly thinkingOff?: boolean;
}

export interface ProviderDirectory {
  /** @throws {MuseError} when the model can't be used, and has no fallback. */
  find(model: Model, backend: Backend): ProviderChoice;
}

export interface ProviderDirectoryOptions extends LinkMakerOptions {
  /** None by default. */
  readonly budgets?: Budgets;
}

export function createProviderDirectory(options: ProviderDirectoryOptions): ProviderDirectory {
  const known = new WeakMap<Model, Map<Backend, ProviderChoice>>();
  const watch = new FallbackWatch(options.clock);
  const links = new LinkMaker(options);
  const make = (model: Model, backend: Backend): ProviderChoice => {
    const own = links.make(model, backend);
    if (own.unusable !== undefined && model.fallback.length === 0) throw own.unusable;
    const [, ...fallbacks] = chainOf(model);
    const provider = createFallbackChain({
      models: [own, ...fallbacks.map((each) => links.make(each, backend))],
      watch,
      clock: options.clock,
      budgets: options.budgets,
    });
    return { provider, url: own.url, thinkingOff: isToldNotToThink(model, backend.calls) };
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
