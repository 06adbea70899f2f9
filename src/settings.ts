/** The engine's settings: one line of JSON from the supervisor, and the environment. */

import { z } from 'zod';

const backend = z.object({
  server: z.string(),
  endpoint: z.string().nullable(),
  api_key: z.string().nullable(),
});

const line = z.object({
  version: z.literal(1),
  engine: z.int().min(0),
  engines: z.int().min(1),
  models: z.string().nullable(),
  models_where: z.string().nullable(),
  backends: z.array(backend).min(1),
  passed: z.array(z.string()),
  log_level: z.enum(['error', 'warn', 'notice', 'info', 'debug', 'trace']),
});

/** A default endpoint and its key, as one server of httpd's configuration has them. */
export interface Backend {
  readonly server: string;
  readonly endpoint: string | undefined;
  readonly apiKey: string | undefined;
}

/** Names and values; an unset variable is undefined. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Settings {
  /** This engine's index among `engines`. */
  readonly engine: number;
  readonly engines: number;
  readonly modelsFile: string | undefined;
  /** Where the directive that names the file stands, for messages. */
  readonly modelsWhere: string | undefined;
  /** Never empty; index 0 is the main server's. */
  readonly backends: readonly Backend[];
  readonly environment: Environment;
  readonly logLevel: z.infer<typeof line>['log_level'];
}

/**
 * Reads the supervisor's line. `MUSE_AI_ENDPOINT` and `MUSE_AI_API_KEY` of the environment win
 * over what the configuration says.
 *
 * @throws {Error} when the line is not what this engine understands; the message says why.
 */
export function parseSettings(text: string, environment: Environment): Settings {
  const parsed = line.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new Error(
      'the settings from httpd are not understood; module and engine are of different versions? ' +
        z.prettifyError(parsed.error),
    );
  }
  const raw = parsed.data;
  const backends = raw.backends.map((each) => Object.freeze(withEnvironment(each, environment)));
  return Object.freeze({
    engine: raw.engine,
    engines: raw.engines,
    modelsFile: said(raw.models),
    modelsWhere: said(raw.models_where),
    backends: Object.freeze(backends),
    environment: Object.freeze({ ...environment }),
    logLevel: raw.log_level,
  });
}

/** A key that was written beside an endpoint does not go to another one. */
function withEnvironment(each: z.infer<typeof backend>, environment: Environment): Backend {
  const named = said(environment.MUSE_AI_ENDPOINT);
  const written = said(each.endpoint);
  const sameEndpoint = named === undefined || written === undefined || named === written;
  return {
    server: each.server,
    endpoint: named ?? written,
    apiKey: said(environment.MUSE_AI_API_KEY) ?? (sameEndpoint ? said(each.api_key) : undefined),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error('the settings from httpd are not JSON', { cause: error });
  }
}

function said(value: string | null | undefined): string | undefined {
  return value === null || value === undefined || value === '' ? undefined : value;
}
