/** The engine's one door to the cache: Keyv over the region. */

import { Keyv } from 'keyv';
import type { Clock } from '../clock.ts';
import { messageOf, systemCode } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Answer } from './answer.ts';
import { type RegionPages, RegionStore } from './region-store.ts';

/** Seconds for which a page is fresh, and after that may be served stale. */
export interface PageTimes {
  readonly ttl: number;
  readonly stale: number;
  /** The page's own word on how long it may be; undefined: httpd's configuration says. */
  readonly pageStale?: number | undefined;
}

export interface Answers {
  /** The answer under `key` if it is not older than `ttl` seconds. */
  find(key: string, ttl: number): Promise<Answer | undefined>;
  /** Keeps a complete answer; false when it could not be kept, which was then logged. */
  keep(key: string, answer: Answer): Promise<boolean>;
  /** Lets httpd find `answer` under `pageKey` by itself, for the times of that page. */
  alias(pageKey: Buffer, key: string, answer: Answer, times: PageTimes): void;
  /** Has no stale page under `pageKey` written anew by another for so many seconds. */
  hold(pageKey: Buffer, seconds: number): void;
}

/** Answers in `region`. The cache is a convenience: its failures are logged and never thrown. */
export function createAnswers(region: RegionPages, clock: Clock, log: Log): Answers {
  const store = new RegionStore(region, clock);
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
    async find(key, ttl) {
      const answer = await keyv.get(key);
      if (answer === undefined) return undefined;
      const age = clock.now() - answer.storedAt;
      return age < Math.min(answer.freshMs, ttl * 1_000) ? answer : undefined;
    },
    async keep(key, answer) {
      return keyv.set(key, answer, answer.freshMs + answer.staleMs);
    },
    alias(pageKey, key, answer, { ttl, stale, pageStale }) {
      const times = { freshMs: ttl * 1_000, staleMs: stale * 1_000, pageStale };
      try {
        store.alias(pageKey, key, answer, times);
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
