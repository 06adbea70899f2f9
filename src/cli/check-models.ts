/** Every mistake in a models.json. */

import type { Environment } from '../environment.ts';
import { messageOf } from '../errors.ts';
import { LocatedError } from '../located.ts';
import { readModelsFile } from '../models/read.ts';
import { Registry } from '../models/registry.ts';
import { type Problem, problemIn } from './problems.ts';

export interface CheckedModels {
  /** Undefined when there are mistakes. */
  readonly registry: Registry | undefined;
  readonly problems: readonly Problem[];
}

export async function checkModels(file: string, environment: Environment): Promise<CheckedModels> {
  try {
    const registry = Registry.parse(await readModelsFile(file), environment);
    const problems = [...registry.models.values()].flatMap(({ unavailable }): Problem[] =>
      unavailable === undefined
        ? []
        : [{ ...problemIn(file, unavailable), severity: 'warning' as const }],
    );
    return { registry, problems };
  } catch (error) {
    if (!(error instanceof LocatedError)) {
      return { registry: undefined, problems: [problemIn(file, messageOf(error))] };
    }
    const problems = error.problems.map(
      ({ line, column, path, message }): Problem => ({
        ...{ file, line, column, message, severity: 'error' },
        field: path || undefined,
      }),
    );
    return { registry: undefined, problems };
  }
}
