/** The events of a chat completion's stream, one by one, into the pieces of an answer. */

import { MuseError } from '../errors.ts';
import type { Chunk, Delta } from './chunk.ts';
import type { Deadlines } from './deadlines.ts';
import { type CallInfo, redact } from './failures.ts';
import { PlainChunks } from './plain-chunks.ts';
import type { CompletionSink, Finish, FinishReason, Usage } from './provider.ts';

const DONE = '[DONE]';
/** More than any model takes or gives. */
const TOKENS_MOST = 1_000_000_000;

export class ChunkReader {
  readonly #call: CallInfo;
  readonly #sink: CompletionSink;
  readonly #deadlines: Deadlines;
  readonly #plain = new PlainChunks();
  /** Not told yet. */
  #text = '';
  #begun = false;
  #done = false;
  #reason: FinishReason | undefined;
  #usage: Usage | undefined;

  constructor(call: CallInfo, sink: CompletionSink, deadlines: Deadlines) {
    this.#call = call;
    this.#sink = sink;
    this.#deadlines = deadlines;
  }

  /** Whether a chunk has come. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Whether the stream has said that nothing more comes. */
  get done(): boolean {
    return this.#done;
  }

  /**
   * Takes the data of one event; `flush` tells of the text in all that came with it.
   *
   * @throws {MuseError} when it is an error, or no chunk.
   */
  take(data: string): void {
    this.#done ||= data.startsWith(DONE);
    if (this.#done) return;
    const plain = this.#sink.chunk === undefined ? this.#plain.textIn(data) : undefined;
    if (plain === undefined) this.#takeChunk(data);
    else {
      this.#deadlines.progress(plain !== '');
      this.#text += plain;
    }
  }

  /** Tells of text that was taken and not told of. */
  flush(): void {
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#sink.text(text);
  }

  #takeChunk(data: string): void {
    const chunk = parse(data, this.#call);
    if (chunk.error) throw reportedError(chunk.error, this.#call);
    this.#begun = true;
    this.#usage = usageOf(chunk) ?? this.#usage;
    const choice = chunk.choices?.[0];
    const reasoning = textIn(choice?.delta?.reasoning_content) || textIn(choice?.delta?.reasoning);
    const text = textIn(choice?.delta?.content);
    // Many endpoints begin with a chunk that says no more than who speaks.
    const hasContent = reasoning !== '' || text !== '' || saysOtherwise(choice?.delta);
    this.#deadlines.progress(hasContent);
    if (this.#sink.chunk !== undefined) this.#sink.chunk(chunk, hasContent);
    else {
      if (reasoning !== '') {
        this.flush();
        this.#sink.reasoning(reasoning);
      }
      this.#text += text;
      this.#plain.learn(data, chunk, text);
    }
    const reason = choice?.finish_reason;
    // Some endpoints say '' in each chunk until they have one.
    if (typeof reason === 'string' && reason !== '') this.#reason = toReason(reason);
  }

  /** The stream has ended. @throws {MuseError} `provider-cut-off` when the answer has not. */
  finish(): Finish {
    if (this.#reason === undefined) {
      const text = 'the stream ended without a finish_reason, so the answer is not whole';
      throw new MuseError('provider-cut-off', `${placeOf(this.#call)}: ${text}`);
    }
    return this.#usage === undefined
      ? { reason: this.#reason }
      : { reason: this.#reason, usage: this.#usage };
  }
}

function parse(data: string, call: CallInfo): Chunk {
  try {
    const chunk: unknown = JSON.parse(data);
    if (typeof chunk === 'object' && chunk !== null) return chunk;
  } catch {
    // Told below: what it says could quote the prompt.
  }
  throw new MuseError(
    'provider-nonsense',
    `${placeOf(call)}: sent an event that is no chunk of JSON`,
  );
}

function reportedError(error: unknown, call: CallInfo): MuseError {
  const message =
    typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  return new MuseError(
    'provider-failed',
    `${placeOf(call)}: reported an error in its stream: ${redact(text, call)}`,
  );
}

function placeOf(call: CallInfo): string {
  return `model "${call.model}" at ${call.url}`;
}

/** Whether it answers in another way than by text. */
function saysOtherwise(delta: Delta | null | undefined): boolean {
  return Boolean(delta?.tool_calls || delta?.function_call || delta?.refusal);
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function usageOf({ usage }: Chunk): Usage | undefined {
  if (!usage) return undefined;
  const { prompt_tokens: input, completion_tokens: output } = usage;
  return { inputTokens: tokensIn(input), outputTokens: tokensIn(output) };
}

/** What is counted with is a whole number, whatever an endpoint says. */
function tokensIn(value: unknown): number {
  if (typeof value !== 'number') return 0;
  return Math.ceil(Math.min(Math.max(value, 0), TOKENS_MOST));
}

function toReason(reason: string): FinishReason {
  return reason === 'stop' || reason === 'length' || reason === 'content_filter' ? reason : 'other';
}
