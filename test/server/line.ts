import { connect, type Socket } from 'node:net';
import { type Httpd, waitUntil } from '../harness/index.ts';

/** A connection on which a test says what it likes. */
export class Line implements Disposable {
  text = '';
  isOver = false;
  readonly #socket: Socket;

  constructor(httpd: Httpd) {
    this.#socket = connect(httpd.port, '127.0.0.1');
    this.#socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1');
    });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.isOver = true;
    });
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  async waitFor(wanted: RegExp): Promise<void> {
    await waitUntil(`${wanted} in ${JSON.stringify(this.text)}`, () => wanted.test(this.text));
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** The head of a form's request; the lines have its Host. */
export const postHead = (path: string, ...lines: string[]) =>
  [
    `POST ${path} HTTP/1.1`,
    'Content-Type: application/x-www-form-urlencoded',
    ...lines,
    '',
    '',
  ].join('\r\n');
