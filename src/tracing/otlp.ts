/** Spans over OTLP/HTTP, as the variables OTEL_… of the environment say. */

import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import type { CallObserver } from '../calls.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { createSpans } from './spans.ts';

const NAME = 'mod_muse_ai';
const DELAY_MS = 1_000;

export interface Tracing {
  readonly calls: CallObserver;
  /** Sends what is left. Never rejects. */
  stop(): Promise<void>;
}

/** `endpoint` is for the log: the exporter reads the environment itself. */
export function createOtlpTracing(endpoint: string, log: Log): Tracing {
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': NAME }))
    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
    .merge(detectResources({ detectors: [envDetector] }));
  const exporter = saying(new OTLPTraceExporter(), endpoint, log);
  const processor = new BatchSpanProcessor({ exporter, scheduledDelayMillis: DELAY_MS });
  const provider = new TracerProvider({ resource, spanProcessors: [processor] });
  log.write('traces-on', `traces go to ${endpoint}`);
  return {
    calls: createSpans(provider.getTracer(NAME)),
    stop: () => provider.shutdown().catch((error: unknown) => sayFailure(error, endpoint, log)),
  };
}

/** The exporter, which tells when it begins to fail and when that is over: each once. */
function saying(exporter: SpanExporter, endpoint: string, log: Log): SpanExporter {
  let fails = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.code !== 0;
        if (failed && !fails) sayFailure(result.error, endpoint, log);
        else if (!failed && fails) log.write('traces-back', `${endpoint} takes traces again`);
        fails = failed;
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}

function sayFailure(error: unknown, endpoint: string, log: Log): void {
  const advice = 'they are dropped, pages are not affected; is the collector up?';
  log.write('traces-failed', `${endpoint} takes no traces: ${messageOf(error)}; ${advice}`);
}
