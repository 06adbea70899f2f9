import { Registry } from '../../../src/models/registry.ts';
import { createProviderDirectory } from '../../../src/providers/directory.ts';
import type { CompletionRequest } from '../../../src/providers/provider.ts';
import { createTransport } from '../../../src/providers/transport.ts';
import { Secrets } from '../../../src/secrets.ts';
import type { Backend } from '../../../src/settings.ts';
import { ManualClock } from './clock.ts';
import { ListLog } from './log.ts';
import { eventsOf, type ProviderEvent } from './provider.ts';

export const chainRequest: CompletionRequest = {
  messages: [{ role: 'user', content: 'Write about the grey heron.' }],
  temperature: undefined,
  maxTokens: undefined,
  contentType: 'text/html',
  timeout: 300,
};

/** A call under way, and what came of it in the end. */
export interface CallUnderWay {
  readonly events: ProviderEvent[];
  /** The text that came; rejects with the failure. */
  readonly done: Promise<string>;
}

/** Providers as the engine puts them together, on a clock and with chances that a test sets. */
export class Chains {
  readonly clock = new ManualClock();
  readonly log = new ListLog();
  /** What the next chances are: the longest pause, the last of several. */
  chance = 0.999;
  /** What the server says of calls. */
  backend: Backend = { server: 'main:80', endpoint: undefined, apiKey: undefined };
  readonly #directory = createProviderDirectory({
    transport: createTransport({}),
    clock: this.clock,
    secrets: new Secrets(),
    random: () => this.chance,
  });
  #registry: Registry;

  constructor(...models: object[]) {
    this.#registry = Registry.parse(JSON.stringify({ models }), {});
  }

  /** As if models.json had been edited. */
  reload(...models: object[]): void {
    this.#registry = Registry.parse(JSON.stringify({ models }), {});
  }

  start(name: string, signal?: AbortSignal, change: Partial<CompletionRequest> = {}): CallUnderWay {
    const model = this.#registry.models.get(name);
    if (model === undefined) throw new Error(`no model ${name}`);
    const { provider } = this.#directory.find(model, this.backend);
    const events: ProviderEvent[] = [];
    const read = async (): Promise<string> => {
      const all = eventsOf(provider, { ...chainRequest, ...change }, signal, this.log);
      for await (const event of all) events.push(event);
      return events.map((event) => (event.type === 'text' ? event.text : '')).join('');
    };
    const done = read();
    done.catch(() => undefined);
    return { events, done };
  }

  /** The text that `name` answers with, without a pause. */
  ask(name: string): Promise<string> {
    return this.start(name).done;
  }

  /** Resolves with the milliseconds of the pause, once a call has failed and waits. */
  async pause(): Promise<number> {
    for (;;) {
      const { next, pending } = this.clock;
      // A call under way has the timer for the whole answer, 300 s where a test sets no other, and
      // before it the one for the connection, or for the first content where a test sets one.
      if (pending === 1 && next !== undefined && next < 10_000) return next;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The line that tells what was tried for the latest call. */
  get attempts(): string {
    return this.log.events.findLast(({ event }) => event === 'provider-attempts')?.text ?? '';
  }

  /** What the log says beside those lines. */
  get said(): string[] {
    return this.log.names.filter((name) => name !== 'provider-attempts');
  }
}
