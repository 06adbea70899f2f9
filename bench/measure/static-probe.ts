import { setTimeout as sleep } from 'node:timers/promises';
import { openHttp1 } from '../../test/harness/http1.ts';

const everyMs = 100;

/** Someone who asks for a static file ten times a second, whether the last one came or not. */
export class StaticProbe {
  /** Milliseconds that each took, in the order of asking; whoever gave up has `patienceMs`. */
  readonly times: number[] = [];
  readonly #url: string;
  readonly #patienceMs: number;
  #stopped = false;
  #done: Promise<unknown> = Promise.resolve();

  constructor(url: string, patienceMs: number) {
    this.#url = url;
    this.#patienceMs = patienceMs;
  }

  start(): void {
    this.#done = this.#askAll();
  }

  /** Asks no more, and waits for the answers that are still to come. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #askAll(): Promise<void> {
    const answers: Promise<void>[] = [];
    while (!this.#stopped) {
      answers.push(this.#ask(answers.length));
      await sleep(everyMs);
    }
    await Promise.all(answers);
  }

  async #ask(at: number): Promise<void> {
    this.times[at] = this.#patienceMs;
    const exchange = openHttp1(this.#url);
    const limit = setTimeout(() => exchange.leave(), this.#patienceMs);
    const answer = await exchange.done.catch(() => undefined);
    clearTimeout(limit);
    if (answer?.status === 200 && answer.complete) this.times[at] = answer.endAt;
  }
}
