import { closing, opening, type Pace, writeToken } from './tokens.ts';

/** What a completion says around its tokens, as OpenAI's event stream has it. */
export class TokenEvents {
  readonly #start: string;
  readonly #id: string;
  readonly #pace: Pace;
  readonly #usage: boolean;

  constructor(model: string, id: string, pace: Pace, usage: boolean) {
    this.#start =
      `data: {"id":"chatcmpl-${id}","object":"chat.completion.chunk","created":1700000000,` +
      `"model":"${model}","choices":[`;
    this.#id = id;
    this.#pace = pace;
    this.#usage = usage;
  }

  /** The events that go out with token number `at`: those around the page with its first and last. */
  write(at: number): string {
    const token = this.#content(writeToken(this.#id, at, process.hrtime.bigint()));
    const before = at === 0 ? this.#delta('"role":"assistant","content":""') + this.#opening() : '';
    return before + token + (at === this.#pace.tokens - 1 ? this.#end() : '');
  }

  #opening(): string {
    return this.#content(opening.replaceAll('"', '\\"'));
  }

  #content(text: string): string {
    return this.#delta(`"content":"${text}"`);
  }

  #delta(delta: string, finish = 'null'): string {
    const usage = this.#usage ? ',"usage":null' : '';
    return (
      `${this.#start}{"index":0,"delta":{${delta}},"logprobs":null,` +
      `"finish_reason":${finish}}]${usage}}\n\n`
    );
  }

  #end(): string {
    const { tokens } = this.#pace;
    const usage = `{"prompt_tokens":9,"completion_tokens":${tokens},"total_tokens":${tokens + 9}}`;
    return (
      this.#content(closing) +
      this.#delta('', '"stop"') +
      (this.#usage ? `${this.#start}],"usage":${usage}}\n\n` : '') +
      'data: [DONE]\n\n'
    );
  }
}
