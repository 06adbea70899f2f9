/** The engine's settings: one line of JSON from the supervisor, and the environment. */

import { z } from 'zod';
import { type Backend, backendSchema, readBackend, said } from './backend.ts';
import type { Environment } from './environment.ts';

export type { Backend } from './backend.ts';

const line = z.object({
  version: z.literal(3),
  engine: z.int().min(0),
  engines: z.int().min(1),
  models: z.string().nullable(),
  models_where: z.string().nullable(),
  backends: z.array(backendSchema).min(1),
  former: z.array(backendSchema),
  passed: z.array(z.string()),
  pool: z.object({ idle: z.int().nullable(), keep_alive: z.boolean().nullable() }),
  dumpable: z.boolean(),
  log_level: z.enum(['error', 'warn', 'notice', 'info', 'debug', 'trace']),
});

/** What becomes of connections to providers between two calls. */
export interface PoolSettings {
  /** Seconds for which one is kept; undefined: the default. */
  readonly idle: number | undefined;
  readonly keepAlive: boolean;
}

export interface Settings {
  /** This engine's index among `engines`. */
  readonly engine: number;
  readonly engines: number;
  readonly modelsFile: string | undefined;
  /** Where the directive that names the file stands, for messages. */
  readonly modelsWhere: string | undefined;
  /** Never empty; the first is the main server's. */
  readonly backends: readonly Backend[];
  /** Those that were in force before the last restarts, for requests from then. */
  readonly former: readonly Backend[];
  readonly environment: Environment;
  readonly pool: PoolSettings;
  /** Whether others of the same user may look at this process and its memory. */
  readonly dumpable: boolean;
  readonly logLevel: z.infer<typeof line>['log_level'];
}

/**
 * Reads the supervisor's line.
 *
 * @throws {Error} when the line is not what this engine understands; the message says why.
 */
export function parseSettings(text: string, environment: Environment): Settings {
  const parsed = line.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new Error(
      'the settings from httpd are not understood; module and engine must be of one build: ' +
        `install both and restart httpd; ${z.prettifyError(parsed.error)}`,
    );
  }
  const raw = parsed.data;
  const read = (each: (typeof raw.backends)[number]) => readBackend(each, environment);
  return Object.freeze({
    engine: raw.engine,
    engines: raw.engines,
    modelsFile: said(raw.models),
    modelsWhere: said(raw.models_where),
    backends: Object.freeze(raw.backends.map(read)),
    former: Object.freeze(raw.former.map(read)),
    environment: Object.freeze({ ...environment }),
    pool: Object.freeze({
      idle: raw.pool.idle ?? undefined,
      keepAlive: raw.pool.keep_alive ?? true,
    }),
    dumpable: raw.dumpable,
    logLevel: raw.log_level,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error('the settings from httpd are not JSON', { cause: error });
  }
}
