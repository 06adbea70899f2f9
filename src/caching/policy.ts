/** What may be looked up and kept for one request, and for how long. */

import type { CacheMode } from '../request.ts';

export interface CachePolicy {
  readonly lookUp: boolean;
  readonly store: boolean;
  /** Seconds for which an answer is fresh. */
  readonly ttl: number;
  /** Seconds for which it is kept beyond that. */
  readonly stale: number;
  /** The page's own word on how long it is served stale; undefined: the directory's holds. */
  readonly pageStale?: number | undefined;
}

export interface TtlSources {
  /** From the page's front matter. */
  readonly page: number | undefined;
  /** From models.json. */
  readonly model: number | undefined;
  /** MuseAiCacheTTL. */
  readonly directive: number | undefined;
  /** The longer one of MuseAiCacheStale and MuseAiCacheStaleOnError. */
  readonly stale?: number | undefined;
  /** From the page's front matter. */
  readonly pageStale?: number | undefined;
}

const TTL_DEFAULT = 300;

/** A page's own ttl wins, then the model's, then the directive's. A ttl of 0 keeps nothing. */
export function cachePolicy(mode: CacheMode, sources: TtlSources): CachePolicy {
  const ttl = sources.page ?? sources.model ?? sources.directive ?? TTL_DEFAULT;
  const enabled = mode !== 'off' && ttl > 0;
  const { pageStale } = sources;
  const stale = Math.max(sources.stale ?? 0, pageStale ?? 0);
  return { lookUp: enabled && mode === 'on', store: enabled, ttl, stale, pageStale };
}

/** Seconds. */
const SUBSTITUTE_TTL_MAX = 60;

/**
 * The policy for an answer that another model has written than the page asks for. It is kept, or a
 * provider's failure would cost a completion for each visitor; but not for long, so that the page
 * is soon the asked model's again.
 */
export function forSubstitute(policy: CachePolicy): CachePolicy {
  return { ...policy, ttl: Math.min(policy.ttl, SUBSTITUTE_TTL_MAX) };
}
