/** Traces, if the environment names a collector for them; else nothing of it is even loaded. */

import type { Environment } from '../environment.ts';
import type { Log } from '../log.ts';
import type { Secrets } from '../secrets.ts';
import type { Tracing } from './otlp.ts';

export async function startTracing(
  environment: Environment,
  secrets: Secrets,
  log: Log,
): Promise<Tracing | undefined> {
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own, OTEL_EXPORTER_OTLP_ENDPOINT: all } = environment;
  const endpoint = own || all;
  if (!endpoint || environment.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return undefined;
  const shown = showEndpoint(endpoint, secrets);
  if (shown === undefined) {
    const name = own ? 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT' : 'OTEL_EXPORTER_OTLP_ENDPOINT';
    log.write('traces-failed', `${name} is no URL of http or https, so no traces are sent`);
    return undefined;
  }
  // `key1=value1,key2=value2`, with percent-encoding: they may hold the collector's key.
  const headers = `${environment.OTEL_EXPORTER_OTLP_HEADERS ?? ''},${environment.OTEL_EXPORTER_OTLP_TRACES_HEADERS ?? ''}`;
  for (const pair of headers.split(',')) secrets.add(pair.slice(pair.indexOf('=') + 1).trim());
  const { createOtlpTracing } = await import('./otlp.ts');
  return createOtlpTracing(shown, log);
}

/**
 * The collector's URL less what may be a secret: its password and its query, which nobody is to
 * see in an error's text either. Undefined when it is no such URL.
 */
function showEndpoint(endpoint: string, secrets: Secrets): string | undefined {
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  for (const value of [url.password, ...url.searchParams.values()]) secrets.add(value);
  return `${url.origin}${url.pathname === '/' ? '' : url.pathname}`;
}
