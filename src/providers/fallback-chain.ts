/**
 * The provider of a model with all that may help when it fails: its endpoints, tried again and in
 * turn, then its fallbacks. Whoever rests after failures is asked when nobody else is left.
 */

import type { Budgets } from '../budget/budgets.ts';
import type { Clock } from '../clock.ts';
import { MuseError } from '../errors.ts';
import type { Model } from '../models/model.ts';
import { Call, LEAST_LEFT } from './call.ts';
import { cureOf } from './cures.ts';
import type { FallbackWatch } from './fallback-watch.ts';
import type { ModelCalls } from './model-calls.ts';
import type { CompletionRequest, Finish, Provider } from './provider.ts';

export interface FallbackChainOptions {
  /** The asked model, then its fallbacks in their order. */
  readonly models: readonly [ModelCalls, ...ModelCalls[]];
  readonly watch: FallbackWatch;
  readonly clock: Clock;
  readonly budgets?: Budgets | undefined;
}

export function createFallbackChain(options: FallbackChainOptions): Provider {
  const { models, watch, clock, budgets } = options;
  const [{ model: asked }] = models;
  return {
    async complete(request, sink, signal) {
      signal.throwIfAborted();
      const failures = new Map<Model, MuseError>();
      const onBegun = (model: Model): void => {
        if (model === asked) {
          watch.wrote(asked, sink.log);
          return;
        }
        watch.replaced(asked, model, failures.get(asked), sink.log);
        sink.writtenBy(model);
      };
      const call = new Call({ request, sink, signal, clock, budgets, onBegun });
      try {
        const finish = await completeBy(models, call, request, failures);
        call.settle();
        return finish;
      } finally {
        sink.log.write('provider-attempts', () => call.attempts.text);
      }
    },
  };
}

async function completeBy(
  models: readonly [ModelCalls, ...ModelCalls[]],
  call: Call,
  request: CompletionRequest,
  failures: Map<Model, MuseError>,
): Promise<Finish> {
  const [{ model: asked }] = models;
  for (const pass of ['askReady', 'askResting'] as const) {
    for (const each of models) {
      if (failures.size > 0 && call.left < LEAST_LEFT) break;
      try {
        const finish = await each[pass](call);
        if (finish === undefined) continue;
        if (call.begun || models.length === 1 || finish.reason === 'content_filter') return finish;
        if (finish.usage !== undefined) call.wasted(each.model, finish.usage);
        failures.set(each.model, emptyAnswer(each.model, finish));
      } catch (thrown) {
        if (!call.canGoOn(thrown)) throw thrown;
        if (cureOf(thrown) === 'nothing' && each.model === asked) throw thrown;
        failures.set(each.model, thrown);
      }
    }
  }
  throw failureOf(asked, failures, request);
}

function emptyAnswer({ name }: Model, { reason }: Finish): MuseError {
  const text = `model "${name}" answered with nothing (finish_reason: ${reason})`;
  return new MuseError('answer-empty', text);
}

/**
 * The asked model's failure is the one to be told: it is what somebody has to mend. Only when to
 * come back is what the first of them to be back has said.
 */
function failureOf(
  asked: Model,
  failures: ReadonlyMap<Model, MuseError>,
  request: CompletionRequest,
): MuseError {
  const [first] = failures.values();
  const own = failures.get(asked) ?? first;
  if (own === undefined) {
    const text = `model "${asked.name}" was not asked within ${request.timeout} s`;
    return new MuseError('provider-slow', text);
  }
  const others = [...failures].filter(([model]) => model !== asked);
  if (others.length === 0) return own;
  const said = others.map(([{ name }, { code }]) => `"${name}" (${code})`).join(', ');
  const times = [...failures.values()].flatMap(({ retryAfter }) => retryAfter ?? []);
  return new MuseError(own.code, `${own.message}; its fallbacks failed as well: ${said}`, {
    answered: own.answered,
    retryAfter: times.length === 0 ? undefined : Math.min(...times),
    cause: own,
  });
}
