import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Ending } from './player.ts';

/** One request as the provider saw it, with what became of it. Times are `performance.now()`. */
export class RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body parsed as JSON, or undefined if it is none. */
  readonly body: unknown;
  readonly receivedAt: number;
  /** Resolves when the answer is over: whole, cut by the script, or the client left. */
  readonly settled: Promise<Ending>;
  endedAt: number | undefined;
  ending: Ending | undefined;
  #settle: (ending: Ending) => void = () => undefined;

  constructor(request: IncomingMessage, text: string) {
    this.method = request.method ?? '';
    this.path = request.url ?? '';
    this.headers = request.headers;
    this.text = text;
    this.body = parseJson(text);
    this.receivedAt = performance.now();
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** True once the client left before its answer was whole. */
  get aborted(): boolean {
    return this.ending === 'aborted';
  }

  /** The model that the request names, or an empty string. */
  get model(): string {
    const model = this.field('model');
    return typeof model === 'string' ? model : '';
  }

  /** The messages of the request, as far as they are well formed. */
  get messages(): { role: string; content: string }[] {
    const messages = this.field('messages');
    if (!Array.isArray(messages)) return [];
    return messages.flatMap((message: unknown) =>
      isRecord(message) && typeof message.role === 'string'
        ? [{ role: message.role, content: flatten(message.content) }]
        : [],
    );
  }

  /** One top-level field of the JSON body. */
  field(name: string): unknown {
    return isRecord(this.body) ? this.body[name] : undefined;
  }

  /** Called by the provider once. */
  settle(ending: Ending): void {
    this.ending = ending;
    this.endedAt = performance.now();
    this.#settle(ending);
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Content is a string or, in the newer form, a list of parts with texts. */
function flatten(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => (isRecord(part) && typeof part.text === 'string' ? part.text : ''))
    .join('');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
