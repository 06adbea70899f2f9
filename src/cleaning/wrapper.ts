/** The document that is made around an answer which is none. */

import { isRightToLeft } from '../language.ts';
import { HEAD_ELEMENTS } from './elements.ts';

export interface WrapperOptions {
  readonly title?: string | undefined;
  readonly lang?: string | undefined;
}

const DEFAULT_TITLE = 'Page';
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** What browsers need before `<html>`, or they guess how the page is meant. */
export const DOCTYPE = '<!doctype html>\n';
export const DOCUMENT_END = '\n</html>\n';

/** `text` as text or as an attribute's value in double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

/**
 * What goes before a fragment. Head and body are left to the browser, which finds them by itself
 * (HTML standard, 13.1.2.4), so that a fragment may begin with what belongs to either; one that
 * brings a head, a title or metadata of its own (`first`) gets none of ours.
 */
export function fragmentStart(first: string, options: WrapperOptions): string {
  const root = `${DOCTYPE}<html${languageAttributes(options.lang)}>\n`;
  return HEAD_ELEMENTS.has(first) ? root : root + metadata(options.title);
}

const TEXT_STYLE = `<style>
:root { color-scheme: light dark; }
body { max-width: 44rem; margin: 2.5rem auto; padding: 0 1.25rem; }
pre { font: 1.0625rem/1.6 system-ui, sans-serif; white-space: pre-wrap; overflow-wrap: anywhere; }
</style>
`;

/** What goes before text, which follows escaped. */
export function textStart(options: WrapperOptions): string {
  return `${fragmentStart('', options)}${TEXT_STYLE}<pre>`;
}

export const TEXT_END = '</pre>';

/** What a model wrote to itself, closed until somebody opens it. */
export function reasoningDetails(text: string): string {
  const style = 'style="max-width:60rem;margin:2rem auto;padding:0 1rem"';
  const pre = '<pre style="white-space:pre-wrap;overflow-wrap:anywhere">';
  const body = `${pre}${escapeHtml(text)}</pre>`;
  return `<details class="muse-reasoning" ${style}><summary>Reasoning</summary>${body}</details>\n`;
}

function metadata(title = DEFAULT_TITLE): string {
  return `<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
`;
}

function languageAttributes(lang: string | undefined): string {
  if (lang === undefined || lang === '') return '';
  return ` lang="${escapeHtml(lang)}"${isRightToLeft(lang) ? ' dir="rtl"' : ''}`;
}
