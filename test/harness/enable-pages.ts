import { type ScriptedProvider, samplePage, say } from '../provider/index.ts';
import type { Httpd } from './httpd.ts';

/** The model that `enablePages` configures, by its name here and at the provider. */
export const scriptedModel = 'scripted';

/** What it writes unless a test scripts it otherwise: nothing of it is cleaned away. */
export const scriptedPage = samplePage(scriptedModel).trimEnd();

/**
 * The usual configuration: one model that `provider` plays, and all documents may be pages.
 * `lines` go into the section of the documents.
 */
export function enablePages(
  httpd: Httpd,
  provider: ScriptedProvider,
  ...lines: readonly string[]
): void {
  useModel(httpd, provider);
  httpd.config.section('Directory', httpd.site.root, 'MuseAiEnable On', ...lines);
}

/** Loads the module with one model that `provider` plays, and enables it nowhere. */
export function useModel(httpd: Httpd, provider: ScriptedProvider): void {
  provider.script(scriptedModel, say(scriptedPage));
  const model = { name: scriptedModel, endpoint: provider.url, api_key: 'a-test-key' };
  httpd.config.muse({ models: { models: [model] } });
}
