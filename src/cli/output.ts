/**
 * What a command says. Results go to standard output, all else to standard error; with `--json`
 * the standard output is one JSON value and nothing else. Colours are for terminals only.
 */

import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';

type Stream = NodeJS.WriteStream | WriteStream;
type Style = Parameters<typeof styleText>[0];

export interface OutputOptions {
  readonly out: Stream;
  readonly err: Stream;
  readonly json: boolean;
}

const CLEAR_LINE = '\r\u001b[K';

export class Output {
  readonly #options: OutputOptions;
  #hasProgress = false;

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  get isJson(): boolean {
    return this.#options.json;
  }

  /** Whether the results are read on a terminal. */
  get isTerminal(): boolean {
    return this.#options.out.isTTY === true;
  }

  /** A line of the result, for people. */
  line(text = ''): void {
    this.#clear();
    if (!this.#options.json) this.#options.out.write(`${text}\n`);
  }

  /** A piece of the result as it is. A promise: the reader is slow, wait for it. */
  piece(bytes: Uint8Array | string): Promise<void> | undefined {
    const { out, json } = this.#options;
    if (json || out.write(bytes)) return undefined;
    return new Promise((resolve) => out.once('drain', resolve));
  }

  /** The whole result, for programs. */
  json(value: unknown): void {
    this.#clear();
    if (this.#options.json) this.#options.out.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** What is not part of the result. */
  note(text: string): void {
    this.#clear();
    this.#options.err.write(`${text}\n`);
  }

  warn(text: string): void {
    this.note(`${this.#styled('yellow', 'warning:', this.#options.err)} ${text}`);
  }

  error(text: string): void {
    this.note(`${this.#styled('red', 'error:', this.#options.err)} ${text}`);
  }

  /** How far it is: one line that the next one replaces, on a terminal only. */
  progress(text: string): void {
    const { err } = this.#options;
    if (err.isTTY !== true) return;
    err.write(`${CLEAR_LINE}${text.slice(0, Math.max(20, (err.columns ?? 80) - 1))}`);
    this.#hasProgress = true;
  }

  /** `text` in a style, where the results are shown in colours. */
  style(style: Style, text: string): string {
    return this.#styled(style, text, this.#options.out);
  }

  #styled(style: Style, text: string, stream: Stream): string {
    return styleText(style, text, { stream });
  }

  #clear(): void {
    if (this.#hasProgress) this.#options.err.write(CLEAR_LINE);
    this.#hasProgress = false;
  }
}

/** Rows in columns, each as wide as its widest cell; the last one as it is. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell))
      .join('  ')
      .trimEnd(),
  );
}
