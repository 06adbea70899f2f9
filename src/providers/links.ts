/** A model as a link of a chain: its endpoints, each with its provider, put together. */

import type { CallSettings } from '../backend.ts';
import type { Clock } from '../clock.ts';
import { MuseError } from '../errors.ts';
import { withDefaults } from '../models/defaults.ts';
import { addressOf, type Model } from '../models/model.ts';
import { type Target, targetsOf } from '../models/target.ts';
import type { Secrets } from '../secrets.ts';
import type { Backend } from '../settings.ts';
import { Endpoint, EndpointMemory } from './endpoints.ts';
import { withJsonMode } from './json-mode.ts';
import { limited } from './limited.ts';
import { ModelCalls } from './model-calls.ts';
import { createOpenAiProvider } from './openai.ts';
import { createPreviewProvider } from './preview.ts';
import type { Provider } from './provider.ts';
import { Slots } from './slots.ts';
import { isToldNotToThink, NO_THINKING, unlessRefused } from './thinking.ts';
import type { Transport } from './transport.ts';

export interface LinkMakerOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** What is known of endpoints; nothing by default. */
  readonly endpoints?: EndpointMemory;
  /** From 0 to below 1; Math.random by default. */
  readonly random?: () => number;
}

export class LinkMaker {
  readonly #options: LinkMakerOptions;
  readonly #memory: EndpointMemory;
  readonly #slots = new Slots();

  constructor(options: LinkMakerOptions) {
    this.#options = options;
    this.#memory = options.endpoints ?? new EndpointMemory();
  }

  /** The calls to `asked` for a server; one that can't be used says so. */
  make(asked: Model, backend: Backend): ModelCalls {
    const { clock, random = Math.random } = this.#options;
    const model = withDefaults(asked, backend.calls);
    const parts = { model, clock, random, retryDelay: backend.calls?.retryDelayMs };
    if (model.provider === 'preview') {
      return new ModelCalls({ ...parts, url: undefined, endpoints: [this.#preview(model)] });
    }
    try {
      const targets = targetsOf(model, backend);
      const url = addressOf(targets.map((target) => target.url)) ?? undefined;
      return new ModelCalls({ ...parts, url, endpoints: this.#endpoints(model, targets, backend) });
    } catch (error) {
      const unusable = MuseError.from(error);
      return new ModelCalls({ ...parts, url: undefined, endpoints: [], unusable });
    }
  }

  #endpoints(model: Model, targets: readonly Target[], backend: Backend): Endpoint[] {
    const { secrets } = this.#options;
    secrets.addOfModels([...model.secrets, ...targets.map(({ apiKey }) => apiKey)]);
    return targets.map(
      (target, i) =>
        new Endpoint({
          model,
          title: `endpoint ${i + 1} (${target.url})`,
          weight: target.weight,
          provider: this.#provider(model, target, backend.calls),
          experience: this.#memory.find(model, target.url, target.apiKey),
          isOneOfSeveral: targets.length > 1,
        }),
    );
  }

  /** What calls `target`, with what the server says of such calls. */
  #provider(model: Model, target: Target, calls: CallSettings = {}): Provider {
    const { clock, transport } = this.#options;
    const title = `model "${model.name}" at ${target.url}`;
    const plain = createOpenAiProvider({ model, target, transport, clock });
    const told = isToldNotToThink(model, calls)
      ? createOpenAiProvider({ model, target, transport, clock, more: NO_THINKING })
      : undefined;
    const asked = told === undefined ? plain : unlessRefused({ told, plain, clock, title });
    const provider = withJsonMode(model, asked, clock);
    const { connections: most, freeWait: patience } = calls;
    if (most === undefined) return provider;
    const { origin } = new URL(target.url);
    return limited(provider, { slots: this.#slots, clock, title, origin, most, patience });
  }

  #preview(model: Model): Endpoint {
    return new Endpoint({
      model,
      title: 'preview',
      weight: 1,
      provider: createPreviewProvider(model),
      experience: this.#memory.find(model, '', undefined),
      isOneOfSeveral: false,
    });
  }
}
