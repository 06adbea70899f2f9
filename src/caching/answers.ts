/** The engine's one door to the cache: Keyv over the region. */

import { Keyv } from 'keyv';
import type { Clock } from '../clock.ts';
import { messageOf, systemCode } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Answer } from './answer.ts';
import { type Moment, Purges, tagOf } from './purges.ts';
import { type RegionPages, RegionStore } from './region-store.ts';

/** Seconds for which a page is fresh, and after that may be served stale. */
export interface PageTimes {
  readonly ttl: number;
  readonly stale: number;
  /** The page's own word on how long it may be; undefined: httpd's configuration says. */
  readonly pageStale?: number | undefined;
}

/** The page that an answer is for, by its file, and when it was begun; undefined: it was found. */
export interface AnswerOf {
  readonly file: string;
  readonly begun?: Moment | undefined;
}

export interface Answers {
  /** This moment, for an answer that is begun. */
  now(): Moment;
  /** Whether what was begun for the page `file` at `moment` was purged in the meantime. */
  arePurged(file: string, moment: Moment): boolean;
  /** The answer under `key` if it is not older than `ttl` seconds, nor purged with `file`. */
  find(key: string, ttl: number, file: string): Promise<Answer | undefined>;
  /**
   * Keeps a complete answer; false when it could not be kept, which was then logged, or `of` was
   * purged since it was begun.
   */
  keep(key: string, answer: Answer, of: AnswerOf & { readonly begun: Moment }): Promise<boolean>;
  /** Lets httpd find `answer` under `pageKey` by itself, for the times of that page. */
  alias(pageKey: Buffer, key: string, answer: Answer, times: PageTimes, of: AnswerOf): void;
  /** Has no stale page under `pageKey` written anew by another for so many seconds. */
  hold(pageKey: Buffer, seconds: number): void;
}

/** Answers in `region`. The cache is a convenience: its failures are logged and never thrown. */
export function createAnswers(region: RegionPages, clock: Clock, log: Log): Answers {
  const store = new RegionStore(region, clock);
  const purges = new Purges(region);
  // Values go through as they are: the region has a layout of its own.
  const keyv = new Keyv<Answer>({ store, serialization: false });
  const failed = (error: unknown): void => {
    if (systemCode(error) === 'MUSE_TOO_LARGE') {
      const advice = 'a page may take a quarter of a shard; raise MuseAiSharedMemory';
      log.write('store-too-large', `a page is too large to be kept: ${advice}`);
    } else log.write('store-failed', `the page store failed: ${messageOf(error)}`);
  };
  keyv.on('error', failed);

  return {
    now: () => purges.now(),
    arePurged: (file, moment) => purges.have(file, moment),
    async find(key, ttl, file) {
      const answer = await keyv.get(key);
      if (answer === undefined) return undefined;
      if (purges.haveWritten(file, store.writtenAt(key))) return undefined;
      const age = clock.now() - answer.storedAt;
      return age < Math.min(answer.freshMs, ttl * 1_000) ? answer : undefined;
    },
    async keep(key, answer, of) {
      const isPurged = (): boolean => purges.have(of.file, of.begun);
      // Not over what was written since, by whoever asked after the purge.
      if (isPurged()) return false;
      const isKept = await keyv.set(key, answer, answer.freshMs + answer.staleMs);
      if (!isPurged()) return isKept;
      await keyv.delete(key);
      return false;
    },
    alias(pageKey, key, answer, { ttl, stale, pageStale }, { file, begun }) {
      const times = { freshMs: ttl * 1_000, staleMs: stale * 1_000, pageStale };
      try {
        const writtenAt = store.alias(pageKey, key, answer, times, tagOf(file));
        const isPurged =
          begun === undefined ? purges.haveWritten(file, writtenAt) : purges.have(file, begun);
        if (isPurged) region.remove(pageKey);
      } catch (error) {
        failed(error);
      }
    },
    hold(pageKey, seconds) {
      try {
        region.hold(pageKey, seconds);
      } catch (error) {
        failed(error);
      }
    },
  };
}
