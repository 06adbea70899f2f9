/** What one server of httpd's configuration says of calls to providers, for models that do not. */

import { z } from 'zod';
import type { Environment } from './environment.ts';

export const backendSchema = z.object({
  name: z.string().min(1),
  server: z.string(),
  endpoint: z.string().nullable(),
  endpoints: z.array(z.string()),
  api_key: z.string().nullable(),
  load_balancing: z.enum(['round_robin', 'random', 'least_connections']).nullable(),
  connect: z.int().nullable(),
  idle: z.int().nullable(),
  retries: z.int().nullable(),
  retry_delay_ms: z.int().nullable(),
  connections: z.int().nullable(),
  free_wait: z.int().nullable(),
  thinking_off: z.boolean().nullable(),
  thinkers: z.array(z.string()),
});

type BackendFields = z.infer<typeof backendSchema>;

export interface Backend {
  /** What httpd knows it by; undefined where there is no httpd. */
  readonly name?: string | undefined;
  readonly server: string;
  /** Where models without an endpoint of their own are. */
  readonly endpoint: string | undefined;
  /** Several in its place. */
  readonly endpoints?: readonly string[];
  /** For these and for no other. */
  readonly apiKey: string | undefined;
  /** Undefined: nothing is said. */
  readonly calls?: CallSettings;
}

/** How calls are made; what is undefined has its default where it is used. */
export interface CallSettings {
  readonly loadBalancing?: 'round_robin' | 'random' | 'least_connections' | undefined;
  /** Seconds, as `timeouts.connect` of a model. */
  readonly connect?: number | undefined;
  /** Seconds, as `timeouts.idle` of a model. */
  readonly idle?: number | undefined;
  readonly retries?: number | undefined;
  /** The longest first pause. */
  readonly retryDelayMs?: number | undefined;
  /** How many calls may go to one origin at once. */
  readonly connections?: number | undefined;
  /** Seconds for which a call waits to be one of them. */
  readonly freeWait?: number | undefined;
  /** Whether models that reason are told not to. */
  readonly thinkingOff?: boolean | undefined;
  /** Parts of names of such models. */
  readonly thinkers?: readonly string[];
}

/** `MUSE_AI_ENDPOINT` and `MUSE_AI_API_KEY` of the environment win over the configuration. */
export function readBackend(
  fields: Omit<BackendFields, 'name'> & { readonly name?: string },
  environment: Environment,
): Backend {
  const named = said(environment.MUSE_AI_ENDPOINT);
  const written = [...fields.endpoints, ...(said(fields.endpoint) ? [fields.endpoint] : [])];
  // A key that was written beside endpoints does not go to another one.
  const isWritten = named === undefined || written.length === 0 || written.includes(named);
  return Object.freeze({
    name: fields.name,
    server: fields.server,
    endpoint: named ?? said(fields.endpoint),
    endpoints: Object.freeze(named === undefined ? [...fields.endpoints] : []),
    apiKey: said(environment.MUSE_AI_API_KEY) ?? (isWritten ? said(fields.api_key) : undefined),
    calls: Object.freeze({
      loadBalancing: fields.load_balancing ?? undefined,
      connect: fields.connect ?? undefined,
      idle: fields.idle ?? undefined,
      retries: fields.retries ?? undefined,
      retryDelayMs: fields.retry_delay_ms ?? undefined,
      connections: fields.connections ?? undefined,
      freeWait: fields.free_wait ?? undefined,
      thinkingOff: fields.thinking_off ?? undefined,
      thinkers: Object.freeze([...fields.thinkers]),
    }),
  });
}

/** The text, unless it is none or empty. */
export function said(value: string | null | undefined): string | undefined {
  return value === null || value === undefined || value === '' ? undefined : value;
}
