import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';

const greeting = z.object({ port: z.number() });
const answer = z.object({ order: z.number(), value: z.unknown() });
const tally = z.object({
  asked: z.number(),
  ended: z.number(),
  left: z.number(),
  firsts: z.array(z.number()),
});

/** An order to the provider's process; `order` is the number that its answer repeats. */
export interface TokenOrder {
  readonly order: number;
  readonly what: 'hold' | 'go' | 'forget' | 'tally' | 'asked' | 'left';
  readonly count?: number;
}

/** What happened to the completions since they were forgotten last. */
export type TokenTally = z.infer<typeof tally>;

/** The lean provider, as its parent sees it. */
export class TokenProvider implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #orders = 0;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    this.url = `http://127.0.0.1:${port}/v1`;
    child.on('message', (message) => {
      const { order, value } = answer.parse(message);
      this.#waiting.get(order)?.resolve(value);
      this.#waiting.delete(order);
    });
    child.once('exit', () => {
      const error = new Error('the provider of tokens has ended');
      for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  static async start(): Promise<TokenProvider> {
    const child = fork(join(import.meta.dirname, 'token-process.ts'), { stdio: 'inherit' });
    const [message] = await once(child, 'message');
    return new TokenProvider(child, greeting.parse(message).port);
  }

  /** From now on nobody is answered, until `go`. */
  async hold(): Promise<void> {
    await this.#ask({ what: 'hold' });
  }

  /** Everybody is answered, those that were held beginning now. */
  async go(): Promise<void> {
    await this.#ask({ what: 'go' });
  }

  async forget(): Promise<void> {
    await this.#ask({ what: 'forget' });
  }

  async tally(): Promise<TokenTally> {
    return tally.parse(await this.#ask({ what: 'tally' }));
  }

  /** Waits until there were `count` completions. Ask for what is sure to come, or race it. */
  async asked(count: number): Promise<void> {
    await this.#ask({ what: 'asked', count });
  }

  /**
   * Waits until the connections of all completions were closed before their end, and returns when
   * the last one was, in nanoseconds of the monotonic clock.
   */
  async allLeft(): Promise<number> {
    return z.number().parse(await this.#ask({ what: 'left' }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }

  #ask(order: Omit<TokenOrder, 'order'>): Promise<unknown> {
    const waiting = Promise.withResolvers<unknown>();
    // Whoever races it against a timer may be gone when the provider ends.
    waiting.promise.catch(() => undefined);
    this.#orders += 1;
    this.#waiting.set(this.#orders, waiting);
    this.#child.send({ order: this.#orders, ...order });
    return waiting.promise;
  }
}
