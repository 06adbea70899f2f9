/** One completion on its way through the attempts to get it. */

import type { Budgets } from '../budget/budgets.ts';
import type { Hold } from '../budget/hold.ts';
import type { Clock } from '../clock.ts';
import { MuseError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Model } from '../models/model.ts';
import { Attempts } from './attempts.ts';
import type { Chunk } from './chunk.ts';
import type { Endpoint } from './endpoints.ts';
import type { ChunkTaker, CompletionRequest, CompletionSink, Finish, Usage } from './provider.ts';

/** Seconds; with less than that left nobody is asked any more. */
export const LEAST_LEFT = 0.05;

export interface CallOptions {
  readonly request: CompletionRequest;
  readonly sink: CompletionSink;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** What a call may cost; undefined: nobody counts. */
  readonly budgets?: Budgets | undefined;
  /** Told before the first piece of the answer. */
  readonly onBegun: (model: Model) => void;
}

/** It stands between the attempts and the sink, to know whether anything has come. */
export class Call implements CompletionSink {
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly attempts: Attempts;
  /** Undefined where the sink takes text. */
  readonly chunk: ChunkTaker | undefined;
  /** Uptime in milliseconds. */
  readonly startedAt: number;
  /** The endpoints that were passed over, since they rest after failures. */
  readonly resting = new Set<Endpoint>();
  /** The endpoints that were asked, each with its latest failure. */
  readonly asked = new Map<Endpoint, MuseError>();
  readonly #options: CallOptions;
  /** The endpoint that is being asked. */
  #current: Endpoint | undefined;
  /** What the call to it has reserved. */
  #hold: Hold | undefined;
  #begun = false;
  /** Chunks of the endpoint that is being asked, before there is anything of the answer in them. */
  #held: Chunk[] = [];

  constructor(options: CallOptions) {
    this.#options = options;
    this.signal = options.signal;
    this.log = options.sink.log;
    this.attempts = new Attempts(options.clock);
    this.startedAt = options.clock.uptime();
    if (options.sink.chunk) this.chunk = (chunk, hasContent) => this.#take(chunk, hasContent);
  }

  /** Something of the answer has reached the reader: nobody else can write it now. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Seconds that are left of the time for the whole answer. */
  get left(): number {
    const { clock, request } = this.#options;
    return request.timeout - (clock.uptime() - this.startedAt) / 1_000;
  }

  /**
   * Asks `endpoint` once. Of its `timeout`, in seconds, `spent` are gone.
   *
   * @throws {MuseError} its failure, of which the endpoint has been told, or that of a budget.
   */
  async ask(endpoint: Endpoint, timeout: number, spent: number): Promise<Finish> {
    const { budgets, clock, request, signal } = this.#options;
    const { left } = this;
    const hold = budgets?.reserve({ model: endpoint.model, request, signal, left });
    this.#hold = hold === undefined ? undefined : await hold;
    // Waiting for others to settle has cost time.
    const gone = hold === undefined ? 0 : left - this.left;
    const isFirst = this.#current === undefined;
    const now = isFirst && hold === undefined ? this.startedAt : clock.uptime();
    const kind = endpoint.begin(now);
    this.#current = endpoint;
    this.#held = [];
    this.attempts.ask(endpoint, now);
    try {
      const isWhole = isFirst && hold === undefined;
      const asked = isWhole ? request : { ...request, timeout, spent: spent + gone };
      const finish = await endpoint.provider.complete(asked, this, this.signal);
      this.#hold?.ended(finish.usage);
      if (!this.#begun) endpoint.answered(clock.uptime(), this.log);
      this.attempts.ended(finish.reason);
      return finish;
    } catch (thrown) {
      this.#hold?.failed(thrown);
      if (this.signal.aborted) this.attempts.ended('nobody waits any more');
      else if (thrown instanceof MuseError) this.attempts.failed(thrown);
      // Who had only the rest of the time is not to blame for having needed more.
      // Nor is one that was not called, since too many calls to it are under way.
      const code = thrown instanceof MuseError ? thrown.code : undefined;
      const isToBlame = code !== 'endpoint-full' && (isFirst || code !== 'provider-slow');
      if (this.canGoOn(thrown) && isToBlame) {
        endpoint.failed(thrown, kind, clock.uptime(), this.log);
      } else endpoint.circuit.undecided(kind);
      throw thrown;
    } finally {
      endpoint.end();
    }
  }

  /** Whether somebody else may still write the answer after `thrown`. */
  canGoOn(thrown: unknown): thrown is MuseError {
    return !this.#begun && !this.signal.aborted && thrown instanceof MuseError;
  }

  sent(): void {
    this.#hold?.sent();
  }

  text(text: string): void {
    this.#hold?.received(text);
    if (!this.#begun) this.#begin();
    this.#options.sink.text(text);
  }

  reasoning(text: string): void {
    this.#hold?.received(text);
    if (!this.#begun) this.#begin();
    this.#options.sink.reasoning(text);
  }

  writtenBy(model: Model): void {
    this.#options.sink.writtenBy(model);
  }

  wasted(model: Model, usage: Usage): void {
    this.#options.sink.wasted?.(model, usage);
  }

  /** The answer has ended, and is the one even if nothing is in it. */
  settle(): void {
    if (!this.#begun && this.#held.length > 0) this.#beginHeld();
  }

  #take(chunk: Chunk, hasContent: boolean): void {
    if (hasContent) this.#hold?.received(JSON.stringify(chunk.choices ?? ''));
    if (!this.#begun && !hasContent) {
      this.#held.push(chunk);
      return;
    }
    if (!this.#begun) this.#beginHeld();
    this.#options.sink.chunk?.(chunk, hasContent);
  }

  #beginHeld(): void {
    this.#begin();
    for (const chunk of this.#held) this.#options.sink.chunk?.(chunk, false);
    this.#held = [];
  }

  #begin(): void {
    this.#begun = true;
    const now = this.#options.clock.uptime();
    this.attempts.begun(now);
    if (this.#current === undefined) return;
    this.#current.answered(now, this.log);
    this.#options.onBegun(this.#current.model);
  }
}
