/** The engine's log: one event is one line, `<N>MUSE0nnn: text`, for httpd's error log. */

import { EVENTS, type EventName, LEVELS, type Level } from './events.ts';
import type { Secrets } from './secrets.ts';

/** Where events go. Everything behind the composition root logs through this. */
export interface Log {
  /**
   * Writes one event; `text` says what happened, where, and what to do. A text that is a function
   * is made only if somebody is to read it.
   */
  write(event: EventName, text: LogText): void;
}

export type LogText = string | (() => string);

/** Takes a finished line: `MUSE0210: 3 models from …`. */
export type LineSink = (level: Level, line: string) => void;

/** httpd's LogLevel for the engine; `trace…` counts as debug. */
export type Threshold = Level | 'trace';

const LONGEST_LINE = 2_000;
const SYSLOG: Readonly<Record<Level, number>> = { error: 3, warn: 4, notice: 5, info: 6, debug: 7 };

/** A log that drops what is below `threshold` and strikes secrets out of the rest. */
export function createLog(sink: LineSink, threshold: Threshold, secrets: Secrets): Log {
  const last = threshold === 'trace' ? LEVELS.length - 1 : LEVELS.indexOf(threshold);
  return {
    write(event, text) {
      const { number, level } = EVENTS[event];
      if (LEVELS.indexOf(level) > last) return;
      const said = typeof text === 'string' ? text : text();
      sink(level, `${number}: ${oneLine(secrets.redact(said))}`);
    },
  };
}

/**
 * A log for what concerns several requests at once: each event goes to the first of them that is
 * still there, or, when none is, to the log of all that concerns nobody's request.
 */
export class SharedLog implements Log {
  readonly #logs = new Set<Log>();
  readonly #otherwise: Log;

  constructor(otherwise: Log) {
    this.#otherwise = otherwise;
  }

  add(log: Log): void {
    this.#logs.add(log);
  }

  remove(log: Log): void {
    this.#logs.delete(log);
  }

  write(event: EventName, text: LogText): void {
    const [first = this.#otherwise] = this.#logs;
    first.write(event, text);
  }
}

/** The sink for the engine's own standard error, which the supervisor reads line by line. */
export function stderrSink(write: (line: string) => void): LineSink {
  return (level, line) => write(`<${SYSLOG[level]}>${line}\n`);
}

/** Typographic marks → what httpd, which writes all that is not ASCII as \xNN, leaves readable. */
const PLAIN: Readonly<Record<string, string>> = {
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '–': '-',
  '—': '-',
  '…': '...',
};

/** `text` on one line: control characters as escapes, and cut where nobody reads on. */
export function oneLine(text: string): string {
  const plain = text.replace(/[‘’“”–—…]/g, (mark) => PLAIN[mark] ?? mark);
  const cut = plain.length > LONGEST_LINE ? `${plain.slice(0, LONGEST_LINE)}...` : plain;
  return cut.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  if (character === '\r') return '\\r';
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
