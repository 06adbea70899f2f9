/** Any OpenAI-compatible endpoint, through the `openai` package. */

import OpenAI from 'openai';
import type {
  ChatCompletionChunk,
  ChatCompletionCreateParamsStreaming,
} from 'openai/resources/chat/completions';
import type { Clock } from '../clock.ts';
import { MuseError } from '../errors.ts';
import type { Model } from '../models/model.ts';
import type { Target } from '../models/target.ts';
import { type Deadlines, startDeadlines } from './deadlines.ts';
import { type CallInfo, toFailure } from './failures.ts';
import type {
  CompletionRequest,
  FinishReason,
  Provider,
  ProviderEvent,
  Usage,
} from './provider.ts';
import type { Transport } from './transport.ts';

/** The package insists on a key; ours, if any, is set by the transport's headers alone. */
const PLACEHOLDER_KEY = 'unused';
/** Tells the calls of one client apart on their way through the package; it is never sent. */
const CALL_HEADER = 'x-muse-call';
const USER_AGENT = 'mod_muse_ai';

export interface OpenAiOptions {
  readonly model: Model;
  readonly target: Target;
  readonly transport: Transport;
  readonly clock: Clock;
}

export function createOpenAiProvider({ model, target, transport, clock }: OpenAiOptions): Provider {
  const headers = headersFor(model, target);
  const underWay = new Map<string, Call>();
  let calls = 0;
  // One client for all calls: to make one costs more than a request.
  const client = new OpenAI({
    // All of these are given, so that none of them is read from the environment.
    apiKey: PLACEHOLDER_KEY,
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    baseURL: target.url,
    logLevel: 'off',
    maxRetries: 0,
    timeout: 2_147_483_647,
    async fetch(url, init) {
      const call = underWay.get(new Headers(init?.headers).get(CALL_HEADER) ?? '');
      if (call === undefined) throw new TypeError('a request of no call');
      const { deadlines, info } = call;
      const { signal } = deadlines;
      const onConnected = (): void => deadlines.connected();
      const response = await transport(String(url), bodyOf(init), { headers, signal, onConnected });
      return checkStream(response, info);
    },
  });

  return {
    async *complete(request, signal) {
      using deadlines = startDeadlines(model, request.timeout, signal, clock);
      const info: CallInfo = {
        model: model.name,
        upstream: model.upstream,
        url: target.url,
        apiKey: target.apiKey,
        now: () => clock.now(),
        isConnected: () => deadlines.isConnected,
        said: request.messages.map(({ content }) => content),
      };
      const id = String(calls++);
      underWay.set(id, { deadlines, info });
      try {
        const stream = await client.chat.completions.create(toParams(model, target, request), {
          signal: deadlines.signal,
          headers: { [CALL_HEADER]: id },
        });
        yield* events(stream, (content) => deadlines.progress(content), info);
        deadlines.signal.throwIfAborted();
      } catch (error) {
        // The package reports an abort as an error of its own, or not at all.
        deadlines.signal.throwIfAborted();
        throw toFailure(error, info);
      } finally {
        underWay.delete(id);
      }
    },
  };
}

interface Call {
  readonly deadlines: Deadlines;
  readonly info: CallInfo;
}

/** What is sent is exactly this: nothing of the package's own, and the key to its endpoint only. */
function headersFor(model: Model, target: Target): Record<string, string> {
  const headers: Record<string, string> = {
    accept: 'text/event-stream',
    'content-type': 'application/json',
    'user-agent': USER_AGENT,
  };
  if (target.apiKey !== undefined) headers.authorization = `Bearer ${target.apiKey}`;
  for (const [name, value] of Object.entries(model.headers)) headers[name.toLowerCase()] = value;
  return headers;
}

function toParams(
  model: Model,
  target: Target,
  request: CompletionRequest,
): ChatCompletionCreateParamsStreaming {
  const { temperature, maxTokens } = request;
  // OpenAI itself has deprecated max_tokens and newer models refuse it; others know only that.
  const limit =
    new URL(target.url).hostname === 'api.openai.com' ? 'max_completion_tokens' : 'max_tokens';
  return {
    model: model.upstream,
    messages: request.messages.map(({ role, content }) => ({ role, content })),
    stream: true,
    ...(temperature === undefined ? {} : { temperature }),
    ...(model.topP === undefined ? {} : { top_p: model.topP }),
    ...(maxTokens ? { [limit]: maxTokens } : {}),
    ...(model.stop === undefined ? {} : { stop: [...model.stop] }),
    ...(model.streamUsage ? { stream_options: { include_usage: true } } : {}),
  };
}

async function* events(
  stream: AsyncIterable<ChatCompletionChunk>,
  progress: (content: boolean) => void,
  call: CallInfo,
): AsyncGenerator<ProviderEvent> {
  let finish: FinishReason | undefined;
  let usage: Usage | undefined;
  for await (const chunk of stream) {
    usage = usageOf(chunk) ?? usage;
    const choice = chunk.choices?.[0];
    const reasoning = reasoningOf(choice?.delta);
    const text = textOf(choice?.delta);
    // Many endpoints begin with a chunk that says no more than who speaks.
    progress(reasoning !== '' || text !== '');
    if (reasoning !== '') yield { type: 'reasoning', text: reasoning };
    if (text !== '') yield { type: 'text', text };
    if (choice?.finish_reason) finish = toReason(choice.finish_reason);
  }
  if (finish === undefined) {
    const text = 'the stream ended without a finish_reason, so the answer is not whole';
    throw new MuseError('provider-cut-off', `model "${call.model}" at ${call.url}: ${text}`);
  }
  yield { type: 'finish', reason: finish, ...(usage === undefined ? {} : { usage }) };
}

function textOf(delta: unknown): string {
  if (typeof delta !== 'object' || delta === null || !('content' in delta)) return '';
  return typeof delta.content === 'string' ? delta.content : '';
}

/** The field is called `reasoning_content` (DeepSeek, vLLM) or `reasoning` (Ollama, others). */
function reasoningOf(delta: unknown): string {
  if (typeof delta !== 'object' || delta === null) return '';
  if ('reasoning_content' in delta && typeof delta.reasoning_content === 'string') {
    return delta.reasoning_content;
  }
  return 'reasoning' in delta && typeof delta.reasoning === 'string' ? delta.reasoning : '';
}

function usageOf(chunk: ChatCompletionChunk): Usage | undefined {
  const usage = chunk.usage;
  if (!usage) return undefined;
  return { inputTokens: usage.prompt_tokens ?? 0, outputTokens: usage.completion_tokens ?? 0 };
}

function toReason(reason: string): FinishReason {
  return reason === 'stop' || reason === 'length' || reason === 'content_filter' ? reason : 'other';
}

/** A page of HTML or a plain JSON answer in place of a stream is a wrong endpoint. */
function checkStream(response: Response, call: CallInfo): Response {
  const type = response.headers.get('content-type') ?? '';
  if (!response.ok || !/^\s*(?:text\/html|application\/json)\b/i.test(type)) return response;
  // Nobody will read it; a failure to cancel changes nothing about that.
  response.body?.cancel().catch(() => undefined);
  throw new MuseError(
    'provider-nonsense',
    `model "${call.model}" at ${call.url}: answered with ${type} instead of a stream of events; ` +
      'is this the base URL of an OpenAI-compatible API?',
  );
}

function bodyOf(init: RequestInit | undefined): string {
  if (typeof init?.body !== 'string') throw new TypeError('the request has no body of text');
  return init.body;
}
