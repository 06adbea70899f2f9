/** The engine's log, where its events are told to whoever sits at the terminal. */

import { EVENTS, type EventName, type Level } from '../events.ts';
import type { Log, LogText } from '../log.ts';
import type { Secrets } from '../secrets.ts';
import type { Output } from './output.ts';

/** One event as `--json` shows it. */
export interface Told {
  readonly number: string;
  readonly level: Level;
  readonly text: string;
}

/** Remembers all events, without keys; tells what went wrong at once. */
export class ToldLog implements Log {
  readonly told: Told[] = [];
  readonly #output: Output;
  readonly #secrets: Secrets;

  constructor(output: Output, secrets: Secrets) {
    this.#output = output;
    this.#secrets = secrets;
  }

  write(event: EventName, given: LogText): void {
    const { number, level } = EVENTS[event];
    const text = this.#secrets.redact(typeof given === 'string' ? given : given());
    this.told.push({ number, level, text });
    if (level === 'error') this.#output.error(`${text} (${number})`);
    else if (level === 'warn') this.#output.warn(`${text} (${number})`);
  }
}
