/** A model with what its server says where models.json does not. */

import type { CallSettings } from '../backend.ts';
import type { Model } from './model.ts';

export function withDefaults(model: Model, defaults: CallSettings = {}): Model {
  const { timeouts } = model;
  return Object.freeze({
    ...model,
    loadBalancing: model.loadBalancing ?? defaults.loadBalancing,
    retries: model.retries ?? defaults.retries,
    timeouts: Object.freeze({
      ...timeouts,
      connect: timeouts.connect ?? defaults.connect,
      idle: timeouts.idle ?? defaults.idle,
    }),
  });
}
