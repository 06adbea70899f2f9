import { idOf, type Pace, paceOf } from './tokens.ts';

/** What the lean provider reads of a request; it looks at nothing else. */
export interface Question {
  readonly id: string;
  readonly model: string;
  readonly pace: Pace;
  /** Whether the request asks for the chunk that carries the usage. */
  readonly usage: boolean;
}

/** Finds requests in the bytes of one connection, which come in pieces. */
export class QuestionReader {
  #rest = '';

  /** The requests that are whole now. @throws {Error} for one that is none for tokens. */
  *push(bytes: Buffer): Generator<Question, void> {
    this.#rest += bytes.toString('latin1');
    for (;;) {
      const head = this.#rest.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = /\r\ncontent-length: *(\d+)/i.exec(this.#rest.slice(0, head))?.[1];
      if (length === undefined) throw new Error('a request without Content-Length');
      const end = head + 4 + Number(length);
      if (this.#rest.length < end) return;
      const body = this.#rest.slice(head + 4, end);
      this.#rest = this.#rest.slice(end);
      yield readQuestion(body);
    }
  }
}

function readQuestion(body: string): Question {
  const model = /"model": *"([^"]+)"/.exec(body)?.[1] ?? '';
  const pace = paceOf(model);
  const id = idOf(body);
  if (pace === undefined || id === undefined || !/"stream": *true/.test(body)) {
    throw new Error(`no question for tokens: ${body.slice(0, 200)}`);
  }
  return { id, model, pace, usage: /"include_usage": *true/.test(body) };
}
