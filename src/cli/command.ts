/** What a command of `muse` is: its words on the command line, and what it does. */

import type { Environment } from '../environment.ts';
import type { Output } from './output.ts';

export interface Option {
  /** As in `--name`. */
  readonly name: string;
  readonly short?: string;
  /** What stands for its value in help; without it the option is a flag. */
  readonly value?: string;
  /** Whether it may be given several times. */
  readonly multiple?: boolean;
  readonly help: string;
}

/** What a shell completes in place of an argument, or of an option's value. */
export type Completes = 'files' | 'nothing';

export interface Command {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** The arguments as help shows them: `[PATH…]`. */
  readonly takes: string;
  readonly least: number;
  readonly most: number;
  readonly completes: Completes;
  readonly options: readonly Option[];
  /** What else there is to know: whole paragraphs. */
  readonly details: string;
  /** Does it, and returns the exit status. @throws {Complaint} what a person can mend. */
  readonly run: (call: Call) => Promise<number>;
}

/** One call of a command. */
export interface Call {
  readonly words: readonly string[];
  readonly options: Options;
  readonly output: Output;
  readonly environment: Environment;
  /** Aborted by Ctrl-C: what is under way is to be ended. */
  readonly signal: AbortSignal;
}

/** The options of one call, by their names. */
export class Options {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  all(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  }

  /** @throws {Complaint} when it is no whole number from `least` to `most`. */
  number(name: string, otherwise: number, least: number, most: number): number {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new Complaint(`--${name} is a number from ${least} to ${most}, not "${text}".`, MISUSED);
  }

  /** `NAME=VALUE`, as often as it was given. @throws {Complaint} without an equals sign. */
  pairs(name: string): [string, string][] {
    return this.all(name).map((text) => {
      const at = text.indexOf('=');
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      throw new Complaint(`--${name} is NAME=VALUE, not "${text}".`, MISUSED);
    });
  }
}

/** Exit statuses. */
export const DONE = 0;
/** Something was found wrong, or could not be done. */
export const FAILED = 1;
/** The command line itself. */
export const MISUSED = 2;

/** An error whose message is all that a person needs. */
export class Complaint extends Error {
  override readonly name = 'Complaint';
  readonly status: number;

  constructor(message: string, status: number = FAILED) {
    super(message);
    this.status = status;
  }
}
