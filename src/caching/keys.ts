/**
 * The content key: what an answer depends on, and nothing else.
 *
 * SHA-1 over JSON of the rendered messages, the model's settings (never a provider's
 * key) and what the cleaning of the answer is told. Equal on every host for equal files, so that
 * it can be a key of a cache that hosts share. Times to live are not in it: they say how long an
 * answer is kept, not what it says.
 */

import { hash } from 'node:crypto';
import { canonicalJson, type Model } from '../models/model.ts';
import type { Message } from '../pages/messages.ts';
import type { Sampling } from '../providers/sampling.ts';

/** Raised when the same inputs would give another page than they did before. */
const FORMAT = 3;

export interface ContentKeyParts extends Sampling {
  readonly messages: readonly Message[];
  readonly model: Model;
  /** Base URL that is asked, also where it is the server's default. */
  readonly url: string | undefined;
  /** Whether the model is told not to reason. */
  readonly thinkingOff?: boolean | undefined;
  readonly contentType: string;
  /** What the model writes, which the page is made from. */
  readonly written?: string;
  /** Whether scripts are let through. */
  readonly scripts?: boolean;
  readonly title: string | undefined;
  readonly lang: string | undefined;
  /** What else depends on the languages of the directory; undefined: it has none. */
  readonly languages?: unknown;
}

/** 40 hex digits. */
export function contentKey(parts: ContentKeyParts): string {
  const { messages, model } = parts;
  const said = [
    FORMAT,
    messages.map(({ role, content }) => [role, content]),
    shapeOf(model),
    // A preview names its model on the page.
    model.provider === 'preview' ? model.name : null,
    parts.url ?? null,
    parts.temperature ?? null,
    parts.topP ?? null,
    parts.maxTokens || null,
    parts.stop ?? null,
    [parts.contentType, parts.title ?? null, parts.lang ?? null],
    [parts.written ?? parts.contentType, parts.scripts ?? false],
    ...(parts.languages === undefined ? [] : [{ languages: parts.languages }]),
    ...(parts.thinkingOff === true ? ['thinking off'] : []),
  ];
  return hash('sha1', JSON.stringify(said), 'hex');
}

const shapes = new WeakMap<Model, string>();

/** The settings of a model that no page can override, as 40 hex digits; a model never changes. */
export function shapeOf(model: Model): string {
  const known = shapes.get(model);
  if (known !== undefined) return known;
  const { temperature, top_p, max_tokens, stop, endpoint, ...rest } = model.shape;
  const digest = hash('sha1', canonicalJson(rest), 'hex');
  shapes.set(model, digest);
  return digest;
}
