import {
  type ErrorLogLine,
  isAtLeast,
  parseErrorLogLine,
} from '../../scripts/httpd/error-log-line.ts';
import { LineReader } from '../../scripts/httpd/line-reader.ts';
import { sanitizerName } from './sanitizer.ts';
import { type Patience, waitUntil } from './wait-until.ts';

/** The number of one of our events, or text or an expression that the line contains. */
export type Pattern = number | string | RegExp;

/**
 * About the machine and httpd, not about us: mod_ssl was built against another OpenSSL patch level;
 * the event MPM closes its pollset at a stop while a connection still lingers, or is about to be
 * kept open; and all threads were busy in the moment in which httpd looked, as a crowd had come and
 * the machine had no time for it. What is about threads looks at them.
 */
const harmless =
  /AH01882: Init: this version of mod_ssl was compiled against a newer library|AH03092: process_lingering_close|\(9\)Bad file descriptor: AH03093: process_socket|server (?:reached|is within MinSpareThreads of) MaxRequestWorkers/;

/** Under a sanitizer children look for leaks as they end. */
const slow = /AH00045: .*still did not exit, sending a SIGTERM/;

interface Expectation {
  readonly pattern: Pattern;
  /** Whether the test fails when no such line came. */
  readonly required: boolean;
}

/**
 * The error log of a test's httpd. Every test ends with `assertClean`: each line at `warn` or
 * above, and each of our own at `notice`, has to be expected.
 */
export class ErrorLog {
  readonly #reader: LineReader;
  readonly #lines: ErrorLogLine[] = [];
  readonly #expectations: Expectation[] = [];

  constructor(path: string) {
    this.#reader = new LineReader(path);
  }

  /** All lines so far. */
  get lines(): readonly ErrorLogLine[] {
    this.#lines.push(...this.#reader.read().map(parseErrorLogLine));
    return this.#lines;
  }

  get text(): string {
    return this.lines.map((line) => line.whole).join('\n');
  }

  /** How many lines there are now, for `waitFor` and `matching` to look only at later ones. */
  mark(): number {
    return this.lines.length;
  }

  /** The lines that a pattern matches, after `mark` if one is given. */
  matching(pattern: Pattern, mark = 0): ErrorLogLine[] {
    return this.lines.slice(mark).filter((line) => matches(line, pattern));
  }

  /** Waits for a line, or for `count` of them, and returns the last of those. */
  async waitFor(
    pattern: Pattern,
    options: Patience & { readonly count?: number; readonly mark?: number } = {},
  ): Promise<ErrorLogLine> {
    const { count = 1, mark = 0 } = options;
    return waitUntil(
      () => `${count} × ${pattern} in the error log, which is:\n${this.text}`,
      () => this.matching(pattern, mark)[count - 1],
      options,
    );
  }

  /** These lines have to come before the test ends, and are no fault. */
  expect(...patterns: readonly Pattern[]): void {
    this.#expectations.push(...patterns.map((pattern) => ({ pattern, required: true })));
  }

  /** These lines may come. */
  allow(...patterns: readonly Pattern[]): void {
    this.#expectations.push(...patterns.map((pattern) => ({ pattern, required: false })));
  }

  /** Throws when a line was not expected, or an expected one did not come. */
  assertClean(): void {
    const { lines } = this;
    const unexpected = lines
      .filter(needsExpecting)
      .filter((line) => !this.#expectations.some(({ pattern }) => matches(line, pattern)));
    const missing = this.#expectations.filter(
      ({ pattern, required }) => required && !lines.some((line) => matches(line, pattern)),
    );
    if (unexpected.length === 0 && missing.length === 0) return;
    throw new Error(
      [
        ...unexpected.map((line) => `Unexpected line in the error log: ${line.whole}`),
        ...missing.map(({ pattern }) => `Expected in the error log, but not there: ${pattern}`),
      ].join('\n'),
    );
  }
}

function needsExpecting(line: ErrorLogLine): boolean {
  if (harmless.test(line.text) || (sanitizerName() && slow.test(line.text))) return false;
  return isAtLeast(line.level, line.muse === undefined ? 'warn' : 'notice');
}

function matches(line: ErrorLogLine, pattern: Pattern): boolean {
  if (typeof pattern === 'number') return line.muse === pattern;
  if (typeof pattern === 'string') return line.whole.includes(pattern);
  return pattern.test(line.whole);
}
