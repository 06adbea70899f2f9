/**
 * The content key: what an answer depends on, and nothing else.
 *
 * SHA-1 over canonical JSON of the rendered messages, the model's settings (never a provider's
 * key) and what the cleaning of the answer is told. Equal on every host for equal files, so that
 * it can be a key of a cache that hosts share. Times to live are not in it: they say how long an
 * answer is kept, not what it says.
 */

import { digestOf, type Model } from '../models/model.ts';
import type { Message } from '../pages/messages.ts';

/** Raised when the same inputs would give another page than they did before. */
const FORMAT = 1;

export interface ContentKeyParts {
  readonly messages: readonly Message[];
  readonly model: Model;
  /** Base URL that is asked, also where it is the server's default. */
  readonly url: string | undefined;
  readonly temperature: number | undefined;
  readonly maxTokens: number | undefined;
  readonly contentType: string;
  readonly title: string | undefined;
  readonly lang: string | undefined;
}

/** 40 hex digits. */
export function contentKey(parts: ContentKeyParts): string {
  return digestOf({
    format: FORMAT,
    messages: parts.messages.map(({ role, content }) => [role, content]),
    model: {
      ...parts.model.shape,
      // A preview names its model on the page.
      name: parts.model.provider === 'preview' ? parts.model.name : null,
      endpoint: parts.url ?? null,
      temperature: parts.temperature ?? null,
      max_tokens: parts.maxTokens || null,
    },
    page: [parts.contentType, parts.title ?? null, parts.lang ?? null],
  }).toString('hex');
}
