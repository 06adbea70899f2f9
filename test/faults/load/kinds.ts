/** What visitors do: one kind of request each. */

import type { PageName } from '../content.ts';
import type { Editions } from '../editions.ts';
import type { Stage } from '../stage.ts';

export interface Kind {
  readonly name: KindName;
  /** How many begin in a second. */
  readonly rate: number;
  /** Of these ids each is asked for again and again; 0: each request has an id of its own. */
  readonly ids: number;
  readonly path: string;
  /** So many visitors ask for the same at the same moment. */
  readonly crowd?: number;
  readonly keepAlive?: boolean;
  readonly reads?: 'slowly' | 'and leaves';
  readonly asks?: 'with a form' | 'for events' | 'for a file';
  readonly writers: readonly PageName['writer'][];
  /** The numbers that its file has had. */
  readonly editions: (stage: Stage) => Editions;
}

export type KindName =
  | 'cached'
  | 'cached-kept'
  | 'cold'
  | 'shared'
  | 'slow'
  | 'leaving'
  | 'form'
  | 'events'
  | 'stale'
  | 'guarded'
  | 'draft'
  | 'static';

const main = ['main'] as const;
const editions = (stage: Stage): Editions => stage.editions;
const page = { ids: 0, path: '/page', writers: main, editions };

export const kinds: readonly Kind[] = [
  { ...page, name: 'cached', rate: 50, ids: 20, path: '/cached' },
  { ...page, name: 'cached-kept', rate: 50, ids: 20, path: '/cached', keepAlive: true },
  { ...page, name: 'cold', rate: 12 },
  { ...page, name: 'shared', rate: 2.5, crowd: 8 },
  { ...page, name: 'slow', rate: 1, reads: 'slowly' },
  { ...page, name: 'leaving', rate: 4, reads: 'and leaves' },
  { ...page, name: 'form', rate: 4, asks: 'with a form' },
  { ...page, name: 'events', rate: 4, asks: 'for events' },
  { ...page, name: 'stale', rate: 6, ids: 5, path: '/stale' },
  { ...page, name: 'guarded', rate: 4, path: '/guarded', writers: ['main', 'spare'] },
  { ...page, name: 'draft', rate: 4, ids: 5, path: '/draft', editions: (stage) => stage.drafts },
  { ...page, name: 'static', rate: 5, ids: 1, path: '/static.txt', asks: 'for a file' },
];

/** Kinds whose pages are in the cache or on the disk: they need nobody but httpd. */
export const needNobody: ReadonlySet<KindName> = new Set(['cached', 'cached-kept', 'static']);
