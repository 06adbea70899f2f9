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
  // `key1=value1,key2=value2`, with percent-encoding: they may hold the collector's key.
  const headers = `${environment.OTEL_EXPORTER_OTLP_HEADERS ?? ''},${environment.OTEL_EXPORTER_OTLP_TRACES_HEADERS ?? ''}`;
  for (const pair of headers.split(',')) secrets.add(pair.slice(pair.indexOf('=') + 1).trim());
  const { createOtlpTracing } = await import('./otlp.ts');
  return createOtlpTracing(endpoint, log);
}
