import type { Header, LogLevel, PageRequest, Reply } from '../../../src/exchange.ts';

/** A reply that a test reads; `changed` resolves at the next thing that happens to it. */
export class RecordedReply implements Reply {
  status: number | undefined;
  headers: Record<string, string> = {};
  body = '';
  readonly pieces: string[] = [];
  readonly lines: string[] = [];
  readonly notes: Record<string, string> = {};
  outcome: 'whole' | 'broken' | undefined;
  /** What a slow reader makes `write` wait for. */
  gate: Promise<void> | undefined;
  #changed = Promise.withResolvers<void>();

  head(status: number, headers: readonly Header[]): void {
    if (this.status !== undefined) throw new Error('a second head');
    this.status = status;
    this.headers = Object.fromEntries(headers);
    this.#wake();
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    if (this.status === undefined) throw new Error('a body before the head');
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    this.pieces.push(text);
    this.body += text;
    this.#wake();
    return this.gate;
  }

  note(name: string, value: string): void {
    this.notes[name] = value;
  }

  log(level: LogLevel, text: string): void {
    this.lines.push(`${level} ${text}`);
    this.#wake();
  }

  end(outcome: 'whole' | 'broken'): void {
    if (this.status === undefined) throw new Error('an end before the head');
    if (this.outcome !== undefined) throw new Error('a second end');
    this.outcome = outcome;
    this.#wake();
  }

  async until(condition: (reply: RecordedReply) => boolean): Promise<void> {
    while (!condition(this)) await this.#changed.promise;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** A request for the page `file`, by GET, with `params` beside. */
export function pageRequest(
  file: string,
  params: Readonly<Record<string, string>> = {},
  signal: AbortSignal = new AbortController().signal,
  body = '',
): PageRequest {
  const all = { REQUEST_METHOD: 'GET', SCRIPT_FILENAME: file, ...params };
  return { params: new Map(Object.entries(all)), body: pieces(body), signal };
}

async function* pieces(body: string): AsyncGenerator<Uint8Array> {
  if (body !== '') yield Buffer.from(body);
}
