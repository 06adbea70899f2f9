/**
 * A span for each call to a provider, with the names of OpenTelemetry's conventions for generative
 * AI (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/). No prompt and no answer is
 * in it.
 */

import {
  type Attributes,
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { CallObserver, CallStart, Used } from '../calls.ts';
import { MuseError } from '../errors.ts';
import { factsOf } from '../facts.ts';
import { samplingOf } from '../providers/sampling.ts';

export function createSpans(tracer: Tracer): CallObserver {
  return {
    started(call) {
      const options = { kind: SpanKind.CLIENT, attributes: attributesOf(call) };
      const parent = contextOf(call.traceparent);
      const span = tracer.startSpan(`chat ${call.model.upstream}`, options, parent);
      return {
        wasted(used) {
          span.addEvent('muse.empty_answer', usedBy(used));
        },
        ended(writer, { reason, usage }) {
          span.setAttributes({
            ...usedBy({ writer, usage }),
            'gen_ai.response.finish_reasons': [reason],
          });
          span.end();
        },
        failed(error, used) {
          const { code } = MuseError.from(error);
          if (used !== undefined) span.setAttributes(usedBy(used));
          span.setAttribute('error.type', code);
          span.setStatus({ code: SpanStatusCode.ERROR, message: code });
          span.end();
        },
        aborted() {
          span.setAttribute('muse.abandoned', true);
          span.end();
        },
      };
    },
  };
}

function attributesOf({ model, request, path }: CallStart): Attributes {
  const { temperature, topP, maxTokens, stop } = samplingOf(request, model);
  const url = URL.parse(model.endpoint ?? '');
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': model.provider,
    'gen_ai.request.model': model.upstream,
    ...(temperature === undefined ? {} : { 'gen_ai.request.temperature': temperature }),
    ...(topP === undefined ? {} : { 'gen_ai.request.top_p': topP }),
    ...(maxTokens ? { 'gen_ai.request.max_tokens': maxTokens } : {}),
    ...(stop === undefined ? {} : { 'gen_ai.request.stop_sequences': [...stop] }),
    ...(url === null ? {} : { 'server.address': url.hostname, 'server.port': portOf(url) }),
    'muse.model': model.name,
    'url.path': path,
  };
}

function usedBy({ writer, usage }: Used): Attributes {
  const { cost } = factsOf(writer, usage);
  return {
    'gen_ai.response.model': writer.upstream,
    ...(usage && {
      'gen_ai.usage.input_tokens': usage.inputTokens,
      'gen_ai.usage.output_tokens': usage.outputTokens,
    }),
    ...(cost === undefined ? {} : { 'muse.cost': Number(cost) }),
  };
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** The visitor's span as the parent (https://www.w3.org/TR/trace-context/#traceparent-header). */
function contextOf(traceparent: string | undefined): Context {
  const parts = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/.exec(
    traceparent ?? '',
  );
  const [, traceId = '', spanId = '', flags = '0'] = parts ?? [];
  const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
}
