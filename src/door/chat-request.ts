/** A program's request for a chat completion, checked once. */

import type { z } from 'zod';
import { MuseError } from '../errors.ts';
import type { Message } from '../pages/messages.ts';
import type { Verbatim } from '../providers/provider.ts';
import { didYouMean } from '../suggest.ts';
import { type ChatMessage, chatSchema, PASSED } from './chat-schema.ts';

export interface ChatRequest {
  /** A name of models.json; undefined: the location's or the default one. */
  readonly model: string | undefined;
  /** What the messages say, as far as it is text. */
  readonly messages: readonly Message[];
  readonly verbatim: Verbatim;
  readonly temperature: number | undefined;
  readonly maxTokens: number | undefined;
  readonly stream: boolean;
  /** Whether a stream tells at its end how many tokens it took. */
  readonly includeUsage: boolean;
}

/** @throws {MuseError} `chat-invalid`; it names the field, and never its value. */
export function readChatRequest(body: string): ChatRequest {
  const parsed = chatSchema.safeParse(parseJson(body));
  if (!parsed.success) throw refusal(parsed.error.issues[0]);
  const chat = parsed.data;
  const fields: Record<string, unknown> = {};
  for (const name of PASSED) {
    const value = (chat as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && value !== null) fields[name] = value;
  }
  return {
    model: chat.model ?? undefined,
    messages: chat.messages.map(textOf),
    verbatim: { messages: chat.messages, fields },
    temperature: chat.temperature ?? undefined,
    maxTokens: chat.max_completion_tokens ?? chat.max_tokens ?? undefined,
    stream: chat.stream ?? false,
    includeUsage: chat.stream_options?.include_usage ?? false,
  };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Not what the parser says: it quotes the body.
    throw invalid('The body is not JSON.', undefined, 'invalid_json');
  }
}

function textOf({ role, content }: ChatMessage): Message {
  const text =
    typeof content === 'string'
      ? content
      : (content ?? [])
          .map((part) => (part.type === 'text' ? part.text : `[${part.type}]`))
          .join('\n');
  if (role === 'system' || role === 'developer') return { role: 'system', content: text };
  return { role: role === 'assistant' ? role : 'user', content: text };
}

function refusal(issue: z.core.$ZodIssue | undefined): MuseError {
  if (issue === undefined) return invalid('The request is not understood.', undefined, undefined);
  if (issue.code === 'unrecognized_keys') {
    const [name = ''] = issue.keys;
    const param = fieldName([...issue.path, name]);
    const advice =
      name === 'cache'
        ? ' Say what the cache may do by the request header Cache-Control.'
        : issue.path.length > 0
          ? ''
          : didYouMean(name, Object.keys(chatSchema.shape));
    return invalid(`"${param}" is not taken here.${advice}`, param, 'unknown_parameter');
  }
  const param = fieldName(issue.path);
  const place = param === '' ? 'The body' : `"${param}"`;
  return invalid(`${place}: ${issue.message}.`, param || undefined, 'invalid_value');
}

/** `messages[0].role` */
function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

function invalid(message: string, param: string | undefined, code: string | undefined): MuseError {
  return new MuseError('chat-invalid', `a program’s request is refused: ${message}`, {
    told: { message, param, code },
  });
}
