/**
 * httpd's model table, as long as it is this engine's to write. After a graceful restart the engine
 * from before finishes its pages, and may still see its models.json change: that may be another
 * file than the one in force.
 */

import type { EngineInfo } from '../region-types.ts';
import type { PublishedModel } from './registry.ts';
import type { ModelTable } from './source.ts';

export interface TableOfEngines extends ModelTable {
  engine(index: number): Pick<EngineInfo, 'pid' | 'state'>;
}

/** The table for engine `index`, which is process `pid`: without another in its place. */
export function ownTable(region: TableOfEngines, index: number, pid: number): ModelTable {
  let isKnown = false;
  return {
    publishModels(models: readonly PublishedModel[], defaultIndex: number) {
      const { pid: present, state } = region.engine(index);
      isKnown ||= present === pid;
      // At its start the record may still be of the engine that it replaces.
      const isReplaced = isKnown && present !== pid && (state === 'starting' || state === 'ready');
      if (!isReplaced) region.publishModels(models, defaultIndex);
    },
  };
}
