/** What the cache has is whole: it is read again, and each answer is judged as any other. */

import { kinds } from '../load/kinds.ts';
import type { Load } from '../load/load.ts';
import type { RequestRecord } from '../load/record.ts';

/** So many of the pages that were written meanwhile are read again. */
const most = 60;

/** Reads the pages that `records` are about; what came is among the load's records, too. */
export async function readAgain(load: Load, records: readonly RequestRecord[]): Promise<number> {
  const pages = new Map<string, RequestRecord>();
  for (const record of records) {
    const kind = kinds.find(({ name }) => name === record.kind);
    // A form's answer is not kept, and neither is an answer that nobody waited for.
    if (kind?.path === '/page' && kind.asks !== 'with a form') pages.set(record.id, record);
  }
  let read = 0;
  for (const { id } of [...pages.values()].slice(-most)) {
    read += (await load.once('cold', id)).hit ? 1 : 0;
  }
  return read + (await readKept(load));
}

/**
 * Reads all pages that are asked for again and again: from then on httpd has them, and may be held
 * to it. How many it had already.
 */
export async function readKept(load: Load): Promise<number> {
  let read = 0;
  for (const { name, path, ids } of kinds) {
    if (name !== 'cached' && name !== 'stale') continue;
    for (let n = 0; n < ids; n += 1) {
      read += (await load.once(name, `${path.slice(1)}-${n}`)).hit ? 1 : 0;
    }
  }
  return read;
}
