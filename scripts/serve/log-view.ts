import { type ErrorLogLine, isAtLeast, parseErrorLogLine } from '../httpd/error-log-line.ts';
import { LineReader } from '../httpd/line-reader.ts';

/** Shows, as they come, the requests and those lines of the error log that a person wants. */
export class LogView {
  readonly #errors: LineReader;
  readonly #requests: LineReader;
  readonly #print: (text: string) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(errorLog: string, accessLog: string, print: (text: string) => void) {
    this.#errors = new LineReader(errorLog);
    this.#requests = new LineReader(accessLog);
    this.#print = print;
  }

  /** Skips what earlier runs wrote. */
  skip(): void {
    this.#errors.read();
    this.#requests.read();
  }

  start(): void {
    this.#timer = setInterval(() => this.show(), 200);
  }

  /** Shows what is new, and stops. */
  stop(): void {
    clearInterval(this.#timer);
    this.show();
  }

  show(): void {
    for (const line of this.#requests.read()) this.#print(line);
    const errors = this.#errors.read().map(parseErrorLogLine);
    for (const line of errors.filter(isOfInterest)) this.#print(describe(line));
  }
}

/** Our own lines from notice on, everybody's from warn on. */
function isOfInterest(line: ErrorLogLine): boolean {
  return isAtLeast(line.level, line.muse === undefined ? 'warn' : 'notice');
}

function describe(line: ErrorLogLine): string {
  return `${line.level}: ${line.text}`;
}
