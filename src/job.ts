/** What is to be written for one request: all that the page, its model and the site say. */

import type { Backends } from './backends.ts';
import { contentKey } from './caching/keys.ts';
import { type CachePolicy, cachePolicy } from './caching/policy.ts';
import { MuseError } from './errors.ts';
import type { Header } from './exchange.ts';
import { isHtml, MARKDOWN } from './media-type.ts';
import type { Model } from './models/model.ts';
import { type Fields, fieldsThatCount } from './pages/fields.ts';
import type { FrontMatter } from './pages/front-matter.ts';
import { composeMessages } from './pages/messages.ts';
import type { ParsedPage } from './pages/page-store.ts';
import type { PromptStore } from './pages/prompts.ts';
import { visitorBytes } from './pages/visitor-text.ts';
import type { ProviderDirectory } from './providers/directory.ts';
import type { CompletionRequest, Provider } from './providers/provider.ts';
import { samplingOf } from './providers/sampling.ts';
import type { Asked, CacheMode } from './request.ts';
import type { PagePlace } from './trust/language-links.ts';

/** What is to be known of a job to find and send its answer. */
export interface JobFacts {
  readonly model: Model;
  readonly policy: CachePolicy;
  /** Content key, 40 hex digits. */
  readonly key: string;
  /** What the page is, whoever sends it: Content-Type, and its Content-Language if it says one. */
  readonly headers: readonly Header[];
  readonly contentType: string;
}

export interface Job extends JobFacts {
  readonly provider: Provider;
  readonly request: CompletionRequest;
  /** Whether scripts are let through. */
  readonly scripts: boolean;
  readonly lang: string | undefined;
  /** Where links stay in the language of the page. */
  readonly place: PagePlace | undefined;
  readonly title: string | undefined;
}

export interface JobSources {
  readonly prompts: PromptStore;
  readonly providers: ProviderDirectory;
  readonly backends: Pick<Backends, 'find'>;
}

const MAX_TOKENS_DEFAULT = 16_384;
const HTML = 'text/html; charset=utf-8';

/** @throws {MuseError} for a mistake in the page, the prompts or the configuration. */
export async function prepareJob(
  asked: Asked,
  { page, template, conversation }: ParsedPage,
  model: Model,
  form: Fields,
  sources: JobSources,
): Promise<Job> {
  const backend = sources.backends.find(asked.backend);
  if (backend === undefined) {
    throw new MuseError('request-invalid', `httpd names the backend ${asked.backend}: unknown`);
  }
  const { provider, url, thinkingOff } = sources.providers.find(model, backend);
  const { settings } = page;
  const { title } = settings;
  // The one place that says in which language the page is written.
  const lang = settings.lang ?? asked.language?.tag;
  const contentType = withCharset(settings.content_type);
  const written = settings.render === undefined ? contentType : MARKDOWN;
  const scripts = asked.scripts && isHtml(written);
  const place = isHtml(contentType) ? placeOf(asked, lang) : undefined;
  const prompts =
    asked.promptsDir === undefined
      ? { systemPrompt: undefined, layout: undefined }
      : await sources.prompts.read(asked.promptsDir, asked.promptsMinify);
  const prompt = template.render({
    query: fieldsThatCount(new URLSearchParams(asked.query), settings.vary),
    form: fieldsThatCount(form, settings.vary),
    path: asked.path,
    lang: lang ?? '',
    model: model.name,
    env: asked.env,
  });
  if (prompt.trim() === '') {
    const advice = 'write into it what the page shall be about';
    throw new MuseError('page-empty', `${asked.file} is empty: ${advice}`);
  }
  checkInput(prompt, asked);
  const composed = composeMessages({
    prompts,
    prompt,
    contentType: written,
    scripts,
    lang,
    title,
  });
  const messages =
    conversation === undefined ? composed : [...composed.slice(0, 1), ...conversation];
  const request: CompletionRequest = {
    messages,
    temperature: settings.temperature,
    topP: settings.top_p,
    stop: settings.stop === undefined ? undefined : [settings.stop].flat(),
    maxTokens: settings.max_tokens,
    maxTokensDefault: asked.maxTokens ?? MAX_TOKENS_DEFAULT,
    contentType: written,
    timeout: asked.timeout,
    budgets: asked.budgets,
  };
  const sampling = samplingOf(request, model);
  return {
    model,
    provider,
    request,
    policy: cachePolicy(cacheMode(asked, settings), {
      page: settings.ttl,
      model: model.ttl,
      directive: asked.cacheTtl,
      stale: asked.cacheStale,
      pageStale: settings.stale,
    }),
    key: contentKey({
      messages,
      model,
      url,
      thinkingOff,
      ...sampling,
      contentType,
      written,
      scripts,
      title,
      lang,
      languages: asked.language && [settings.lang === undefined, place ?? null],
    }),
    headers: [
      ['Content-Type', contentType],
      // Where httpd has chosen the language, it says which one.
      ...(settings.lang === undefined ? [] : [['Content-Language', settings.lang] as const]),
    ],
    contentType,
    scripts,
    lang,
    place,
    title,
  };
}

/** Undefined where no URL can name the language of the page. */
function placeOf({ language, path }: Asked, lang?: string): PagePlace | undefined {
  const tag = language?.among.find((each) => each.toLowerCase() === lang?.toLowerCase());
  return language && tag ? { path, language: { ...language, tag } } : undefined;
}

/** @throws {MuseError} `input-too-large`, told as 414 where all of it stood in the URL. */
function checkInput(prompt: string, { file, maxInput, method }: Asked): void {
  const bytes = visitorBytes(prompt);
  if (bytes <= maxInput) return;
  const text = `${file}: the visitor’s values have ${bytes} bytes in its prompt`;
  throw new MuseError('input-too-large', `${text}; MuseAiMaxInput allows ${maxInput}`, {
    status: method === 'POST' ? undefined : 414,
  });
}

/** What a form was answered with is kept only where the page says so. */
function cacheMode({ cache, method }: Asked, { cache_post }: FrontMatter): CacheMode {
  return method === 'POST' && cache_post !== true ? 'off' : cache;
}

function withCharset(contentType: string | undefined): string {
  if (contentType === undefined) return HTML;
  if (!/^text\//i.test(contentType) || /;\s*charset=/i.test(contentType)) return contentType;
  return `${contentType}; charset=utf-8`;
}
