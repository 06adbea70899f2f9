/** What is to be written for a program: its request with what models.json and the site say. */

import { hash } from 'node:crypto';
import { shapeOf } from '../caching/keys.ts';
import { type CachePolicy, cachePolicy } from '../caching/policy.ts';
import { MuseError } from '../errors.ts';
import { readParameter, splitOutsideQuotes } from '../header-fields.ts';
import type { JobSources } from '../job.ts';
import type { Log } from '../log.ts';
import type { Model } from '../models/model.ts';
import type { ModelSource } from '../models/source.ts';
import type { CompletionRequest, Provider } from '../providers/provider.ts';
import { samplingOf } from '../providers/sampling.ts';
import type { Asked, CacheMode } from '../request.ts';
import type { ChatRequest } from './chat-request.ts';

export interface ChatJob {
  readonly model: Model;
  readonly provider: Provider;
  readonly request: CompletionRequest;
  readonly policy: CachePolicy;
  /** Content key, 40 hex digits. */
  readonly key: string;
}

export type ChatSources = Pick<JobSources, 'providers' | 'backends'> & {
  readonly models: ModelSource;
};

const MAX_TOKENS_DEFAULT = 16_384;
/** Raised when the same request would give another answer than it did before. */
const FORMAT = 2;

/** @throws {MuseError} when there is no such model, or it can't be used. */
export function prepareChat(
  asked: Asked,
  chat: ChatRequest,
  cacheControl: string | undefined,
  sources: ChatSources,
  log: Log,
): ChatJob {
  const model = findModel(chat.model, asked.modelDefault, sources.models, log);
  const backend = sources.backends.find(asked.backend);
  if (backend === undefined) {
    throw new MuseError('request-invalid', `httpd names the backend ${asked.backend}: unknown`);
  }
  const { provider, url, thinkingOff } = sources.providers.find(model, backend);
  const request: CompletionRequest = {
    messages: chat.messages,
    verbatim: chat.verbatim,
    temperature: chat.temperature,
    maxTokens: maxTokensOf(chat, model, asked),
    contentType: 'text/plain',
    timeout: asked.timeout,
    budgets: asked.budgets,
  };
  const { temperature, topP, maxTokens, stop } = samplingOf(request, model);
  const said = [
    'chat',
    FORMAT,
    chat.verbatim,
    shapeOf(model),
    // It names its model to the program.
    model.name,
    url ?? null,
    temperature ?? null,
    topP ?? null,
    maxTokens ?? null,
    stop ?? null,
    thinkingOff === true,
  ];
  return {
    model,
    provider,
    request,
    policy: cachePolicy(cacheModeOf(asked.cache, cacheControl), {
      page: undefined,
      model: model.ttl,
      directive: asked.cacheTtl,
    }),
    key: hash('sha1', JSON.stringify(said), 'hex'),
  };
}

/** A program has to know what it asks: no other model takes the place of an unknown one. */
export function findModel(
  name: string | undefined,
  directory: string | undefined,
  models: ModelSource,
  log: Log,
): Model {
  const { registry } = models;
  const known = name === undefined ? undefined : registry.models.get(name);
  if (known !== undefined) return known;
  // Without models.json the one that MuseAiModel names is all there is.
  const isImplied = registry.models.size === 0 && name === directory;
  if (name === undefined || isImplied) {
    return models.choose({ chosen: undefined, page: undefined, directory }, log);
  }
  const message = `The model "${name}" does not exist here; see the list of models.`;
  throw new MuseError('chat-unknown-model', `a program asks for the model "${name}": unknown`, {
    told: { message, param: 'model', code: 'model_not_found' },
  });
}

/** The site's limit is the most that a program may ask for, and what it gets without a word. */
function maxTokensOf(chat: ChatRequest, model: Model, asked: Asked): number {
  const most = model.maxTokens ?? asked.maxTokens ?? MAX_TOKENS_DEFAULT;
  if (most === 0) return chat.maxTokens ?? 0;
  return Math.min(most, chat.maxTokens ?? most);
}

/**
 * A program may have an answer written anew (no-cache), or written for itself alone and not kept
 * (no-store), as RFC 9111, section 5.2.1 has it.
 */
function cacheModeOf(mode: CacheMode, cacheControl: string | undefined): CacheMode {
  const words = splitOutsideQuotes(cacheControl ?? '', ',').map((word) => readParameter(word)[0]);
  if (mode === 'off' || words.includes('no-store')) return 'off';
  return words.includes('no-cache') ? 'bypass' : mode;
}
