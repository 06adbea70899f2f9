import { type Result, scriptedModel } from '../harness/index.ts';
import { type ScriptedProvider, say } from '../provider/index.ts';

/** Has the provider write pages that tell by their number which of its calls wrote them. */
export function countPages(provider: ScriptedProvider): void {
  provider.script(scriptedModel, () => say(countedPage(provider.received + 1)));
}

/** The page of the provider's call number `n`, counted from 1. */
export const countedPage = (n: number) =>
  `<!doctype html><html lang="en"><head><title>${n}</title></head><body>Page ${n}</body></html>`;

/** Whether our own cache answered, in httpd or in the engine. */
export const isHit = (result: Result) =>
  result.headers['cache-status']?.startsWith('muse; hit') === true;
