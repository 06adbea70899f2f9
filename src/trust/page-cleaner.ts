/** What makes a page of a model's answer: cleaned, then rendered, checked or filtered. */

import { createCleaner } from '../cleaning/cleaner.ts';
import type { Cleaner } from '../cleaning/cleaning.ts';
import { JsonCleaner } from '../cleaning/json-answer.ts';
import { isHtml, isJson, MARKDOWN, mediaType } from '../media-type.ts';
import { MarkdownCleaner } from '../rendering/markdown-cleaner.ts';
import { DocumentLanguage } from './document-language.ts';
import { FilteredCleaner } from './filtered-cleaner.ts';
import { LanguageLinks, type PagePlace } from './language-links.ts';
import type { PageScripts } from './page-scripts.ts';

export interface PageToWrite {
  readonly contentType: string;
  /** `contentType`: what the model writes. */
  readonly request: { readonly contentType: string };
  readonly title: string | undefined;
  readonly lang: string | undefined;
  readonly place?: PagePlace | undefined;
}

export interface PageCleanerOptions {
  readonly reasoning: 'hide' | 'show';
  /** Where scripts are let through. */
  readonly scripts: PageScripts | undefined;
  /** Of what is held until it is whole. */
  readonly bytesMax: number;
}

export function createPageCleaner(
  { contentType, request, title, lang, place }: PageToWrite,
  { reasoning, scripts, bytesMax }: PageCleanerOptions,
): Cleaner {
  const document = {
    ...(title === undefined ? {} : { title }),
    ...(lang === undefined ? {} : { lang }),
  };
  const language = {
    document: lang === undefined ? undefined : new DocumentLanguage(lang),
    links: place && new LanguageLinks(place),
  };
  if (isHtml(request.contentType)) {
    const html = createCleaner({ contentType: 'html', reasoning, ...document });
    return new FilteredCleaner(html, { scripts, ...language });
  }
  const plain = { contentType: 'text', reasoning } as const;
  if (isJson(contentType)) {
    return new JsonCleaner(createCleaner({ ...plain, fences: 'kept' }), bytesMax);
  }
  const isMarkdown = mediaType(request.contentType) === MARKDOWN;
  const text = createCleaner(isMarkdown ? { ...plain, fences: 'markdown' } : plain);
  if (!isHtml(contentType)) return text;
  return new FilteredCleaner(new MarkdownCleaner(text, document), language);
}
