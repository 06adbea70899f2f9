import type { Log } from '../../../src/log.ts';
import type { Model } from '../../../src/models/model.ts';
import type {
  CompletionRequest,
  CompletionSink,
  Finish,
  Provider,
} from '../../../src/providers/provider.ts';
import { ListLog } from './log.ts';

/** What a provider did, one after the other. */
export type ProviderEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'writer'; readonly model: Model }
  | ({ readonly type: 'finish' } & Finish);

/** What a scripted provider does next: an event, an error, or something to wait for. */
export type Step = ProviderEvent | Error | Promise<unknown>;

export const text = (value: string): Step => ({ type: 'text', text: value });
export const reasoning = (value: string): Step => ({ type: 'reasoning', text: value });
/** Another model takes over: told before what it writes. */
export const writer = (model: Model): Step => ({ type: 'writer', model });
export const finish = (reason: Finish['reason'] = 'stop'): Step => ({ type: 'finish', reason });

/** A provider that plays steps, and remembers what it was asked. */
export class StepProvider implements Provider {
  steps: readonly Step[];
  readonly requests: CompletionRequest[] = [];
  aborted = 0;

  constructor(...steps: readonly Step[]) {
    this.steps = steps;
  }

  async complete(
    request: CompletionRequest,
    sink: CompletionSink,
    signal: AbortSignal,
  ): Promise<Finish> {
    this.requests.push(request);
    const left = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        this.aborted += 1;
        reject(signal.reason);
      });
    });
    left.catch(() => undefined);
    for (const step of this.steps) {
      signal.throwIfAborted();
      if (step instanceof Error) throw step;
      if (step instanceof Promise) await Promise.race([step, left]);
      else if (step.type === 'text') sink.text(step.text);
      else if (step.type === 'reasoning') sink.reasoning(step.text);
      else if (step.type === 'writer') sink.writtenBy(step.model);
      else return step;
      // As from a network: what was sent can be read before the next comes.
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error('the steps have no end');
  }
}

/** What the provider does, to be awaited event by event; leaving the loop ends the call. */
export async function* eventsOf(
  provider: Provider,
  request: CompletionRequest,
  signal: AbortSignal = new AbortController().signal,
  log: Log = new ListLog(),
): AsyncGenerator<ProviderEvent, void> {
  const left = new AbortController();
  const events: ProviderEvent[] = [];
  let come = Promise.withResolvers<void>();
  const add = (event: ProviderEvent): void => {
    events.push(event);
    come.resolve();
  };
  const sink: CompletionSink = {
    text: (value) => add({ type: 'text', text: value }),
    reasoning: (value) => add({ type: 'reasoning', text: value }),
    writtenBy: (model) => add({ type: 'writer', model }),
    log,
  };
  let failure: { readonly error: unknown } | undefined;
  const over = provider
    .complete(request, sink, AbortSignal.any([signal, left.signal]))
    .then((end) => add({ type: 'finish', ...end }))
    .catch((error: unknown) => {
      failure = { error };
      come.resolve();
    });
  try {
    for (;;) {
      const event = events.shift();
      if (event !== undefined) {
        yield event;
        if (event.type === 'finish') return;
      } else if (failure !== undefined) {
        throw failure.error;
      } else {
        come = Promise.withResolvers();
        await come.promise;
      }
    }
  } finally {
    left.abort(new Error('left'));
    await over;
  }
}
