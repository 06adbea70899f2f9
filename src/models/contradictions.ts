/** What is wrong between the fields of a models.json of which each alone is right. */

import type { Contradiction } from './contradiction.ts';
import { fallbackProblems } from './fallbacks.ts';

/** Of a model what is compared here. */
interface ComparedModel {
  readonly name: string;
  readonly endpoint?: string | undefined;
  readonly endpoints?:
    | readonly { readonly url: string; readonly api_key?: string | undefined }[]
    | undefined;
  readonly stream_usage?: boolean | undefined;
  readonly price?: unknown;
  readonly budget?: { readonly cost?: number | undefined } | undefined;
  readonly fallback?: readonly string[] | undefined;
}

/** Of the file what is compared here. */
export interface ComparedFile {
  readonly default_model?: string | undefined;
  readonly models: readonly ComparedModel[];
}

export function contradictions(file: ComparedFile): Contradiction[] {
  const { models, default_model: chosen } = file;
  const names = new Set(models.map(({ name }) => name));
  const found = models.flatMap((model, i) => [
    ...(models.findIndex(({ name }) => name === model.name) < i
      ? [at(i, 'name', `there is another model with the name "${model.name}"`)]
      : []),
    ...withinModel(model, i),
  ]);
  if (chosen !== undefined && !names.has(chosen)) {
    const message = `no model is called "${chosen}"; there are: ${[...names].join(', ')}`;
    found.push({ path: ['default_model'], message });
  }
  return [...found, ...fallbackProblems(models)];
}

function withinModel(model: ComparedModel, i: number): Contradiction[] {
  const found: Contradiction[] = [];
  if (model.price !== undefined && !model.stream_usage) {
    const message = 'a price needs "stream_usage": true, which asks for the number of tokens';
    found.push(at(i, 'price', message));
  }
  if (model.budget?.cost !== undefined && model.price === undefined) {
    const message = 'a budget of money needs a "price"; without one, give it "tokens"';
    found.push(at(i, 'budget', message));
  }
  if (model.endpoints === undefined) return found;
  if (model.endpoint) {
    const advice = 'leave "endpoint" away and name its URL in "endpoints" too';
    found.push(at(i, 'endpoint', `a model has either "endpoint" or "endpoints": ${advice}`));
  }
  const seen = new Set<string>();
  model.endpoints.forEach(({ url, api_key: key }, j) => {
    const entry = JSON.stringify([url, key]);
    if (seen.has(entry)) {
      const message = 'this endpoint stands here twice; give it a higher "weight" instead';
      found.push({ path: ['models', i, 'endpoints', j, 'url'], message });
    }
    seen.add(entry);
  });
  return found;
}

function at(model: number, field: string, message: string): Contradiction {
  return { path: ['models', model, field], message };
}
