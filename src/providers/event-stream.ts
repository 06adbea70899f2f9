/**
 * Server-sent events (HTML standard, section 9.2.6), as far as a stream of completions has them:
 * the data of each event. Bytes may come split anywhere.
 */

import { StringDecoder } from 'node:string_decoder';

/** Characters of one event; a stream that goes on without an end must not fill the memory. */
const EVENT_MAX = 4 * 1_048_576;

export class EventStreamReader {
  readonly #onData: (data: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  /** The beginning of a line whose end has not come. */
  #line = '';
  /** The `data` lines of the event under way, each with the line break before it. */
  #data = '';
  #hasData = false;
  /** The last piece ended with a carriage return: a line feed that follows is part of it. */
  #afterReturn = false;
  #atStart = true;

  /** `onData` gets the data of every event that has any. What it throws goes to the caller. */
  constructor(onData: (data: string) => void) {
    this.#onData = onData;
  }

  /** @throws {RangeError} an event is too long. */
  push(bytes: Buffer): void {
    let text = this.#lineFeedsOnly(this.#decoder.write(bytes));
    if (this.#atStart && text !== '') {
      this.#atStart = false;
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    }
    let from = 0;
    // What has come of a line is not looked through again with each piece that comes after it.
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#take(this.#line + text.slice(from, end));
      this.#line = '';
      from = end + 1;
    }
    this.#line += text.slice(from);
    if (this.#line.length + this.#data.length > EVENT_MAX) {
      throw new RangeError(`an event has more than ${EVENT_MAX} characters`);
    }
  }

  /** A line ends with CR LF, LF or CR; the two of one line end may come apart. */
  #lineFeedsOnly(text: string): string {
    const whole = this.#afterReturn && text.startsWith('\n') ? text.slice(1) : text;
    if (text !== '') this.#afterReturn = text.endsWith('\r');
    return whole.includes('\r') ? whole.replace(/\r\n?/g, '\n') : whole;
  }

  #take(line: string): void {
    if (line === '') {
      if (!this.#hasData) return;
      const data = this.#data;
      this.#data = '';
      this.#hasData = false;
      this.#onData(data);
    } else if (line.startsWith('data:')) {
      const value = line.slice(line.charCodeAt(5) === 0x20 ? 6 : 5);
      this.#data = this.#hasData ? `${this.#data}\n${value}` : value;
      this.#hasData = true;
    } else if (line === 'data') {
      if (this.#hasData) this.#data += '\n';
      this.#hasData = true;
    }
    // Comments, and the fields that say nothing about a completion.
  }
}
