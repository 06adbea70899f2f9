/** The models of models.json as OpenAI lists them. */

import type { Model } from '../models/model.ts';
import type { Registry } from '../models/registry.ts';

export interface ModelObject {
  readonly id: string;
  readonly object: 'model';
  /** Seconds since 1970. */
  readonly created: number;
  readonly owned_by: string;
}

/** Those that can be used; without a models.json, the one that MuseAiModel names. */
export function listModels(
  registry: Registry,
  directory: string | undefined,
  created: number,
): object {
  const usable = (model: Model): boolean => model.unavailable === undefined;
  const names = [...registry.models.values()].filter(usable).map(({ name }) => name);
  if (registry.models.size === 0 && directory !== undefined) names.push(directory);
  return { object: 'list', data: names.map((name) => modelObject(name, created)) };
}

export function modelObject(id: string, created: number): ModelObject {
  return { id, object: 'model', created, owned_by: 'mod_muse_ai' };
}
