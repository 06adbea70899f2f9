import {
  enablePages,
  type Httpd,
  type Result,
  scriptedModel,
  waitUntil,
} from '../harness/index.ts';
import { Gate, type ScriptedProvider, say } from '../provider/index.ts';
import { countedPage } from './counted-pages.ts';

const lines = ['MuseAiCacheTTL 1', 'MuseAiCacheStale 600'];

/** A site with one page, whose writings after the first wait for the gate. */
export function prepare(httpd: Httpd, provider: ScriptedProvider, ...more: string[]): Gate {
  enablePages(httpd, provider, ...lines, ...more);
  httpd.site.write('page.ai', 'Write about {{ query.n }}.');
  const gate = new Gate();
  const again = () => say([countedPage(provider.received + 1)], { gate });
  provider.script(scriptedModel, () => say([countedPage(provider.received + 1)]), again);
  return gate;
}

/** Whether the answer is from our own cache, and past its freshness. */
export const isStale = (result: Result) =>
  /^muse; (?:hit|fwd=stale; fwd-status=\d+); ttl=-\d+$/.test(result.headers['cache-status'] ?? '');

/**
 * Waits until the page is past its freshness. HEAD has nothing written, so that the first GET after
 * this is the first to find it so.
 */
export async function expire(httpd: Httpd, path: string): Promise<Result> {
  return waitUntil(`${path} to expire`, async () => {
    const result = await httpd.get(path, { method: 'HEAD' });
    return /^muse; hit; ttl=\d/.test(result.headers['cache-status'] ?? '') ? undefined : result;
  });
}

/** Asks until `path` gives `text`. */
export async function waitForText(httpd: Httpd, path: string, text: string): Promise<Result> {
  return waitUntil(`${path} to be written anew`, async () => {
    const result = await httpd.get(path);
    return result.text === text ? result : undefined;
  });
}

/** Lets everything be written, and waits until nothing is: the page is fresh. */
export async function settle(httpd: Httpd, path: string, gate: Gate): Promise<void> {
  gate.open();
  await waitUntil(`${path} to be fresh`, async () => {
    const { headers } = await httpd.get(path);
    return /^muse; hit; ttl=\d/.test(headers['cache-status'] ?? '');
  });
}
