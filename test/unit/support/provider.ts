import type {
  CompletionRequest,
  Provider,
  ProviderEvent,
} from '../../../src/providers/provider.ts';

/** What a scripted provider does next: an event, an error, or something to wait for. */
export type Step = ProviderEvent | Error | Promise<unknown>;

export const text = (value: string): Step => ({ type: 'text', text: value });
export const reasoning = (value: string): Step => ({ type: 'reasoning', text: value });
export const finish = (reason: 'stop' | 'length' | 'content_filter' | 'other' = 'stop'): Step => ({
  type: 'finish',
  reason,
});

/** A provider that plays steps, and remembers what it was asked. */
export class StepProvider implements Provider {
  steps: readonly Step[];
  readonly requests: CompletionRequest[] = [];
  aborted = 0;

  constructor(...steps: readonly Step[]) {
    this.steps = steps;
  }

  async *complete(request: CompletionRequest, signal: AbortSignal): AsyncGenerator<ProviderEvent> {
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
      else yield step;
    }
  }
}
