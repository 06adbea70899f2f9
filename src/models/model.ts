/** One model as the engine uses it: frozen, expanded, checked. */

import { createHash } from 'node:crypto';
import type { Environment } from '../environment.ts';
import { type Endpoint, normaliseEndpoint } from './endpoint.ts';
import type { ModelFields } from './schema.ts';
import { expand } from './variables.ts';

/** Seconds; what is undefined has its default where it is used. */
export interface Timeouts {
  readonly connect?: number | undefined;
  readonly first?: number | undefined;
  readonly idle?: number | undefined;
  readonly total?: number | undefined;
}

/** One of several endpoints of a model. */
export interface ModelEndpoint {
  /** Normalised. */
  readonly url: string;
  readonly apiKey: string | undefined;
  readonly weight: number;
}

/** When an endpoint is left alone for a while. */
export interface CircuitSettings {
  /** In a row. */
  readonly failures: number;
  /** Seconds. */
  readonly cooldown: number;
}

/** For a day. */
export interface BudgetSettings {
  readonly tokens?: number | undefined;
  /** In the currency of the price. */
  readonly cost?: number | undefined;
}

export interface Model {
  readonly name: string;
  readonly provider: 'openai' | 'preview';
  /** The model's name at the endpoint. */
  readonly upstream: string;
  /** Normalised; undefined, without `endpoints`: the default endpoint of the request's server. */
  readonly endpoint: string | undefined;
  readonly endpoints: readonly ModelEndpoint[];
  /** This and `retries`: undefined where neither models.json nor the server says them. */
  readonly loadBalancing: 'round_robin' | 'random' | 'least_connections' | undefined;
  readonly retries: number | undefined;
  readonly circuit: CircuitSettings;
  /** Who writes the page when this model can't; no circle. */
  readonly fallback: readonly Model[];
  readonly apiKey: string | undefined;
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Values that must never stand in a log. */
  readonly secrets: readonly string[];
  readonly timeouts: Timeouts;
  readonly ttl: number | undefined;
  readonly reasoning: 'hide' | 'show';
  /** Undefined: for programs alone. */
  readonly streamUsage: boolean | undefined;
  /** Whether pages of JSON are asked for by `response_format`. */
  readonly jsonMode: boolean;
  readonly price: { readonly input: number; readonly output: number } | undefined;
  readonly budget: BudgetSettings | undefined;
  /** Why no answer can come from it; undefined: it can be used. For the log. */
  readonly unavailable: string | undefined;
  /** The settings that shape an answer, as plain data for keys; holds no key of a provider. */
  readonly shape: Readonly<Record<string, unknown>>;
}

/** Headers whose values are credentials: they say who asks, not what is answered. */
const CREDENTIALS = /^(?:authorization|proxy-authorization|cookie|.*(?:api-?key|token|secret).*)$/i;

const CIRCUIT_DEFAULT: CircuitSettings = Object.freeze({ failures: 5, cooldown: 10 });

/** The model that `fields` describe, with the environment's values in place of `${NAME}`. */
export function buildModel(
  fields: ModelFields,
  environment: Environment,
  fallback: readonly Model[] = [],
): Model {
  const missing = new Set<string>();
  const value = (text: string | undefined): string | undefined => {
    if (text === undefined || text === '') return undefined;
    const expanded = expand(text, environment);
    if (expanded.ok) return expanded.value;
    for (const name of expanded.missing) missing.add(name);
    return undefined;
  };
  const apiKey = value(fields.api_key);
  const headers: Record<string, string> = {};
  const secrets = apiKey === undefined ? [] : [apiKey];
  for (const [name, text] of Object.entries(fields.headers ?? {})) {
    headers[name] = value(text) ?? '';
    if (CREDENTIALS.test(name) || text.includes('${')) secrets.push(headers[name]);
  }
  const endpointText = value(fields.endpoint);
  const endpoint = endpointText === undefined ? undefined : normaliseEndpoint(endpointText);
  const endpoints = (fields.endpoints ?? []).map((entry) => ({
    address: normaliseEndpoint(value(entry.url) ?? ''),
    apiKey: entry.api_key === undefined ? apiKey : value(entry.api_key),
    weight: entry.weight,
  }));
  for (const entry of endpoints) if (entry.apiKey !== undefined) secrets.push(entry.apiKey);
  const urls = endpoints.flatMap(({ address }) => (address.ok ? [address.url] : []));
  const stop = typeof fields.stop === 'string' ? [fields.stop] : fields.stop;
  return Object.freeze({
    name: fields.name,
    provider: fields.provider,
    upstream: fields.model ?? fields.name,
    endpoint: endpoint?.ok ? endpoint.url : undefined,
    apiKey,
    endpoints: Object.freeze(
      endpoints.flatMap(({ address, ...entry }) =>
        address.ok ? [Object.freeze({ url: address.url, ...entry })] : [],
      ),
    ),
    loadBalancing: fields.load_balancing,
    retries: fields.retries,
    circuit: fields.circuit === undefined ? CIRCUIT_DEFAULT : Object.freeze({ ...fields.circuit }),
    fallback: Object.freeze([...fallback]),
    temperature: fields.temperature,
    topP: fields.top_p,
    maxTokens: fields.max_tokens,
    stop: stop && Object.freeze([...stop]),
    headers: Object.freeze(headers),
    secrets: Object.freeze(secrets),
    timeouts: Object.freeze({ ...fields.timeouts }),
    ttl: fields.ttl,
    reasoning: fields.reasoning,
    streamUsage: fields.stream_usage,
    jsonMode: fields.json_mode,
    price: fields.price && Object.freeze({ ...fields.price }),
    budget: fields.budget && Object.freeze({ ...fields.budget }),
    unavailable: whyUnavailable(fields, missing, [
      ...(endpoint === undefined ? [] : [endpoint]),
      ...endpoints.map(({ address }) => address),
    ]),
    shape: Object.freeze({
      provider: fields.provider,
      upstream: fields.model ?? fields.name,
      endpoint: endpoint?.ok ? endpoint.url : addressOf(urls),
      temperature: fields.temperature ?? null,
      top_p: fields.top_p ?? null,
      max_tokens: fields.max_tokens ?? null,
      stop: stop ?? null,
      headers: headersThatShape(fields.headers ?? {}),
      reasoning: fields.reasoning,
      json_mode: fields.json_mode,
    }),
  });
}

/** SHA-1 of `value` as canonical JSON: the same on every host, whatever the order of fields. */
export function digestOf(value: unknown): Buffer {
  return createHash('sha1').update(canonicalJson(value)).digest();
}

/** JSON with the fields of every object in the order of their names, and no white space. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function whyUnavailable(
  fields: ModelFields,
  missing: ReadonlySet<string>,
  addresses: readonly Endpoint[],
): string | undefined {
  if (missing.size > 0) {
    const names = [...missing];
    return (
      `model "${fields.name}" needs the variable ${names.join(', ')}, which is not set for the ` +
      `engine; set it for httpd and write "PassEnv ${names.join(' ')}" into its configuration`
    );
  }
  const bad = addresses.find(({ ok }) => !ok);
  return bad?.ok === false ? `model "${fields.name}": ${bad.problem}` : undefined;
}

/**
 * What of the endpoints' URLs shapes an answer: which they are, not in which order or how often
 * each is asked; null when there are none.
 */
export function addressOf(urls: readonly string[]): string | null {
  return urls.length === 0 ? null : [...new Set(urls)].sort().join(' ');
}

/** As written, so that a variable's value, which may be a key, is not in it. */
function headersThatShape(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !CREDENTIALS.test(name))
      .map(([name, text]) => [name.toLowerCase(), text]),
  );
}
