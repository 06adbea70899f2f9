/**
 * Answers that clients come back for. Each has an id that nobody can guess, and belongs to the
 * page that it was asked for at, so that whoever may not see that page can't see it either.
 *
 * An answer is written on without readers. After its end the cache has it, where it may; any other
 * stays here for a while. A stored one is known for as long.
 */

import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Reader } from '../completion.ts';
import { MuseError } from '../errors.ts';
import type { Flight } from '../flight.ts';
import type { JobFacts } from '../job.ts';
import type { Asked } from '../request.ts';
import { Shelf } from '../shelf.ts';

/** In one engine. */
export const DEFERRED_MOST = 128;
/** After their end. */
export const DEFERRED_KEPT = { ms: 600_000, number: 1_024, bytes: 32 * 1_048_576 };

/** Of an answer that the cache has for less, the text is kept here: its client is still to come. */
const CACHED_MS = 60_000;
const ID_BYTES = 16;
const RETRY_SECONDS = 10;

export interface Deferred {
  readonly id: string;
  readonly job: JobFacts;
  /** Undefined when the answer has ended and the cache has it for long enough. */
  readonly flight: Flight | undefined;
}

interface Entry {
  readonly id: string;
  readonly job: JobFacts;
  flight: Flight | undefined;
  readonly place: string;
  readonly anchor: Reader;
}

export class DeferredAnswers {
  readonly #engine: number;
  readonly #written = new Map<string, Entry>();
  readonly #ended: Shelf<Entry>;

  /** `engine`: the number of this engine, with which ids begin, so that httpd asks it again. */
  constructor(clock: Clock, engine: number) {
    this.#engine = engine;
    this.#ended = new Shelf(clock, DEFERRED_KEPT);
  }

  /** @throws {MuseError} `deferred-too-many` when no more can be taken on for now. */
  admit(): void {
    if (this.#written.size < DEFERRED_MOST) return;
    const text = `${DEFERRED_MOST} pages are being written for clients that come back for them`;
    const options = { retryAfter: RETRY_SECONDS };
    throw new MuseError('deferred-too-many', `${text}: no more are taken on`, options);
  }

  /** Has `flight` written to its end, for whoever asks with the id. */
  add(asked: Asked, whole: JobFacts, flight: Flight): Deferred {
    const { model, policy, key, headers, contentType } = whole;
    // Not the prompt, which could take more than the answer.
    const job = { model, policy, key, headers, contentType };
    const id = `${this.#engine}-${randomBytes(ID_BYTES).toString('hex')}`;
    // It reads nothing; that it is there is enough.
    const anchor: Reader = { wake: () => undefined };
    const entry: Entry = { id, job, flight, place: placeOf(asked), anchor };
    this.#written.set(id, entry);
    flight.completion.join(anchor);
    void flight.completion.ended.then(() => this.#end(entry, flight));
    return entry;
  }

  /** @throws {MuseError} `deferred-unknown` for an id that was not given for this page. */
  find(asked: Asked): Deferred {
    const id = asked.deferredId ?? '';
    const entry = this.#written.get(id) ?? this.#ended.get(id);
    if (entry?.place === placeOf(asked)) return entry;
    throw unknownAnswer(asked);
  }

  /** Nobody was told of it: it is written on only for others. */
  drop({ id }: Deferred): void {
    this.#ended.remove(id);
    const entry = this.#written.get(id);
    if (entry === undefined) return;
    this.#written.delete(id);
    entry.flight?.completion.leave(entry.anchor);
  }

  /** Resolves when nothing is being written any more of what there is now. */
  async idle(): Promise<void> {
    await Promise.all([...this.#written.values()].map(({ flight }) => flight?.completion.ended));
  }

  #end(entry: Entry, { completion }: Flight): void {
    if (!this.#written.delete(entry.id)) return;
    completion.leave(entry.anchor);
    const { outcome } = completion;
    const kept = outcome?.kind === 'whole' ? outcome.kept : undefined;
    const isKept = kept !== undefined && kept.freshMs >= CACHED_MS;
    if (isKept) entry.flight = undefined;
    this.#ended.put(entry.id, entry, isKept ? 0 : completion.length);
  }
}

/** The log's words for an id that leads nowhere. The id itself is a key, and not for the log. */
export function unknownAnswer(asked: Asked): MuseError {
  const minutes = DEFERRED_KEPT.ms / 60_000;
  const why = `an answer is kept for ${minutes} minutes, or as the cache keeps it, and no restart`;
  const text = `no deferred answer of that id for ${asked.file}: ${why}; ask for the page again`;
  return new MuseError('deferred-unknown', text);
}

function placeOf({ server, file, path }: Asked): string {
  return JSON.stringify([server, file, path]);
}
