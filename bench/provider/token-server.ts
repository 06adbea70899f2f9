import { createServer, type Socket } from 'node:net';
import { Pacer } from './pacer.ts';
import { type Question, QuestionReader } from './question.ts';
import { TokenEvents } from './token-events.ts';
import { spreadOf } from './tokens.ts';

const head =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n' +
  'cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n';
const backlog = 4096;

/** One completion, for whoever counts. Times are nanoseconds of the monotonic clock. */
export interface Call {
  readonly id: string;
  readonly asked: bigint;
  /** When the first token was sent. */
  first: bigint | undefined;
  /** When all was sent. */
  ended: bigint | undefined;
  /** When the connection was closed before that. */
  left: bigint | undefined;
}

/**
 * A provider for thousands of streams: on bare sockets, one timer for all of them, one write for
 * each token. It plays the models that `paceOf` knows, and can hold all answers back until it is
 * told to go.
 */
export class TokenServer {
  readonly calls: Call[] = [];
  /** Called whenever something happened to a call. */
  onChange: () => void = () => {};
  readonly #pacer = new Pacer();
  readonly #server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  #held: { readonly pace: Question['pace']; readonly start: (ms: number) => void }[] | undefined;

  /** Starts to listen and returns the port. */
  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen({ host: '127.0.0.1', port: 0, backlog }, () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  }

  /** From now on nobody is answered. */
  hold(): void {
    this.#held ??= [];
  }

  /** All that were held begin from now on. */
  go(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    const now = performance.now();
    for (const [at, { pace, start }] of held.entries()) {
      start(now + (spreadOf(pace) * at) / held.length);
    }
  }

  #serve(socket: Socket): void {
    const reader = new QuestionReader();
    let call: Call | undefined;
    socket.on('data', (bytes: Buffer) => {
      try {
        for (const question of reader.push(bytes)) call = this.#answer(socket, question);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        process.stderr.write(`the provider was asked what it can't answer: ${text}\n`);
        socket.destroy();
      }
    });
    // 'close' follows, and is what counts.
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      if (call === undefined || call.ended !== undefined) return;
      call.left = process.hrtime.bigint();
      this.onChange();
    });
  }

  #answer(socket: Socket, { id, model, pace, usage }: Question): Call {
    const asked = process.hrtime.bigint();
    const call: Call = { id, asked, first: undefined, ended: undefined, left: undefined };
    this.calls.push(call);
    const events = new TokenEvents(model, id, pace, usage);
    const { tokens, everyMs } = pace;
    const start = (due: number): void => {
      let next = 0;
      const write = (): number | undefined => {
        if (socket.destroyed) return undefined;
        const first = next === 0;
        let text = '';
        do {
          text += events.write(next);
          next += 1;
        } while (everyMs === 0 && next < tokens);
        if (first) call.first = process.hrtime.bigint();
        const over = next === tokens;
        socket.write((first ? head : '') + chunk(text) + (over ? '0\r\n\r\n' : ''), 'latin1');
        if (over) call.ended = process.hrtime.bigint();
        if (first || over) this.onChange();
        return over ? undefined : due + next * everyMs;
      };
      // At once is at once, and not a timer's next millisecond.
      const then = due <= performance.now() ? write() : due;
      if (then !== undefined) this.#pacer.add(then, write);
    };
    if (this.#held !== undefined) this.#held.push({ pace, start });
    else start(performance.now() + pace.firstMs);
    this.onChange();
    return call;
  }
}

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}
