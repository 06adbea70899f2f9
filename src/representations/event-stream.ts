/** A page as server-sent events: its text in chunks as it is written, then how it ended. */

import type { Answer } from '../caching/answer.ts';
import type { Clock } from '../clock.ts';
import type { Outcome } from '../completion.ts';
import type { Header, Reply } from '../exchange.ts';
import type { Flight } from '../flight.ts';
import { follow } from '../follow.ts';
import type { JobFacts } from '../job.ts';
import { hitStatus, missStatus, sendFailure } from '../replies.ts';
import type { Asked } from '../request.ts';
import { EVENT_STREAM } from './accept.ts';
import { EventWriter } from './event-writer.ts';
import { KeepAlive } from './keep-alive.ts';
import { isIn, type Position, parsePosition, type ReadText, START } from './position.ts';
import type { RecentlyEnded } from './recently-ended.ts';
import type { Representation } from './representation.ts';

/** After so long without a chunk a comment is sent; the first one takes the head with it. */
const QUIET_MS = 15_000;
/** Bytes of a page from the cache in one event. */
const CHUNK_BYTES = 32_768;

export class EventStream implements Representation {
  readonly isStream = true;
  readonly #job: JobFacts;
  readonly #asked: Asked;
  readonly #clock: Clock;
  readonly #recent: RecentlyEnded;
  /** How far this reader had come, if it says so. */
  readonly #last: Position | undefined;
  #writer: EventWriter | undefined;

  constructor(job: JobFacts, asked: Asked, clock: Clock, recent: RecentlyEnded) {
    this.#job = job;
    this.#asked = asked;
    this.#clock = clock;
    this.#recent = recent;
    this.#last = parsePosition(asked.lastEventId);
  }

  get isOver(): boolean {
    return this.#last?.ended === true;
  }

  head(joined: boolean): readonly Header[] {
    return this.#headWith(missStatus(this.#asked, this.#job.policy, joined));
  }

  async sendKept(reply: Reply, answer: Answer, signal: AbortSignal): Promise<void> {
    const { body } = answer;
    const read: ReadText = (from) =>
      from < body.length ? body.subarray(from, from + CHUNK_BYTES) : undefined;
    const status = hitStatus(answer, this.#job.policy.ttl, this.#clock.now());
    const { writer, from } = this.#begin(reply, () => this.#headWith(status), read);
    let at = from;
    for (let piece = read(at); piece !== undefined; piece = read(at)) {
      at += piece.length;
      await writer.chunk(piece);
      if (signal.aborted) return;
    }
    // Nothing else is kept.
    writer.done({ model: this.#job.model.name, finish: { reason: 'stop' }, cached: true });
  }

  findEnded(): Flight | undefined {
    return this.#last && this.#recent.find(this.#job.key, this.#last);
  }

  async sendWritten(
    flight: Flight,
    reply: Reply,
    joined: boolean,
    signal: AbortSignal,
  ): Promise<Outcome | undefined> {
    const { completion } = flight;
    this.#recent.watch(this.#job.key, flight);
    const head = () => this.head(joined);
    const { writer, from } = this.#begin(reply, head, (at) => completion.read(at));
    const quiet = new KeepAlive(this.#clock, QUIET_MS, () => writer.comment());
    const take = (piece: Buffer): Promise<void> | undefined => {
      quiet.reset();
      return writer.chunk(piece);
    };
    try {
      return await follow(completion, from, take, signal);
    } finally {
      quiet.stop();
    }
  }

  end(reply: Reply, outcome: Outcome): void {
    const writer = this.#writer;
    if (outcome.kind === 'failed' && writer?.begun !== true) sendFailure(reply, outcome.error);
    else if (outcome.kind === 'failed' || outcome.kind === 'broken') writer?.error(outcome.error);
    else {
      const { finish } = outcome;
      const model = finish.writtenBy ?? this.#job.model.name;
      writer?.done({ model, finish, cached: false });
    }
  }

  /** Goes on where the reader was, if that is a place in this text; else begins anew. */
  #begin(reply: Reply, head: () => readonly Header[], read: ReadText) {
    const last = this.#last;
    const goesOn = last !== undefined && isIn(last, read);
    const position = goesOn ? last : START;
    const writer = new EventWriter(reply, head, position, last !== undefined && !goesOn);
    this.#writer = writer;
    return { writer, from: position.offset };
  }

  #headWith(status: string): Header[] {
    const others = this.#job.headers.filter(([name]) => name !== 'Content-Type');
    return [
      ['Content-Type', EVENT_STREAM],
      ...others,
      ['Cache-Control', 'no-store'],
      ['Cache-Status', status],
    ];
  }
}
