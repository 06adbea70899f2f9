/** Which models write a page when another can’t: checked when they are read, then linked. */

import { didYouMean } from '../suggest.ts';
import type { Contradiction } from './contradiction.ts';

interface Named {
  readonly name: string;
  readonly fallback?: readonly string[] | undefined;
}

/** Names that no model has, names that stand twice, and circles. */
export function fallbackProblems(models: readonly Named[]): Contradiction[] {
  const byName = new Map(models.map((model) => [model.name, model]));
  return models.flatMap(({ name, fallback = [] }, i) =>
    fallback.flatMap((next, j): Contradiction[] => {
      const path = ['models', i, 'fallback', j];
      if (!byName.has(next)) {
        const message = `no model is called "${next}".${didYouMean(next, byName.keys())}`;
        return [{ path, message }];
      }
      if (fallback.indexOf(next) < j) return [{ path, message: `"${next}" stands here twice` }];
      const back = wayTo(name, next, byName, new Set());
      if (back === undefined) return [];
      const circle = [name, ...back].map((each) => `"${each}"`).join(' → ');
      return [{ path, message: `the fallbacks go in a circle: ${circle}` }];
    }),
  );
}

/** The names from `from` to `goal`, both among them; undefined: `goal` is not reached. */
function wayTo(
  goal: string,
  from: string,
  byName: ReadonlyMap<string, Named>,
  seen: Set<string>,
): string[] | undefined {
  if (from === goal) return [from];
  if (seen.has(from)) return undefined;
  seen.add(from);
  for (const next of byName.get(from)?.fallback ?? []) {
    const rest = wayTo(goal, next, byName, seen);
    if (rest !== undefined) return [from, ...rest];
  }
  return undefined;
}

/**
 * Each model made by `make`, which gets its fallbacks ready made. There must be no circle.
 */
export function linkFallbacks<Fields extends Named, Model>(
  models: readonly Fields[],
  make: (fields: Fields, fallback: readonly Model[]) => Model,
): Model[] {
  const fieldsOf = new Map(models.map((fields) => [fields.name, fields]));
  const made = new Map<string, Model>();
  const get = (name: string): Model[] => {
    const known = made.get(name);
    if (known !== undefined) return [known];
    const fields = fieldsOf.get(name);
    if (fields === undefined) return [];
    const model = make(fields, (fields.fallback ?? []).flatMap(get));
    made.set(name, model);
    return [model];
  };
  return models.flatMap(({ name }) => get(name));
}

/** `model`, its first fallback, that one's fallbacks, its second one, and so on: each once. */
export function chainOf<Model extends { readonly fallback: readonly Model[] }>(
  model: Model,
): readonly Model[] {
  const chain = new Set<Model>();
  const add = (next: Model): void => {
    if (chain.has(next)) return;
    chain.add(next);
    next.fallback.forEach(add);
  };
  add(model);
  return [...chain];
}
