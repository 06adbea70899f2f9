/** What was tried for one call, as the one line that tells it in the log. */

import type { Clock } from '../clock.ts';
import type { MuseError } from '../errors.ts';
import type { Endpoint } from './endpoints.ts';

/** What became of one endpoint's turn; times are uptimes in milliseconds. */
interface Turn {
  readonly model: string;
  readonly what: string;
  readonly askedAt: number;
  begunAt?: number;
  endedAt?: number;
  outcome?: string;
  /** Milliseconds for which nobody was asked then. */
  pause?: number;
}

export class Attempts {
  readonly #clock: Clock;
  readonly #turns: Turn[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The endpoint is asked; what comes next is about it. */
  ask({ model, title }: Endpoint, askedAt: number): void {
    this.#turns.push({ model: model.name, what: title, askedAt });
  }

  begun(at: number): void {
    const turn = this.#turns.at(-1);
    if (turn !== undefined) turn.begunAt = at;
  }

  /** `outcome`: the answer's finish_reason, or why there is none. */
  ended(outcome: string): void {
    const turn = this.#turns.at(-1);
    if (turn === undefined) return;
    turn.endedAt = this.#clock.uptime();
    turn.outcome = outcome;
  }

  failed(error: MuseError): void {
    this.ended(String(error.answered ?? error.code.replace(/^provider-/, '')));
  }

  pause(ms: number): void {
    const turn = this.#turns.at(-1);
    if (turn !== undefined) turn.pause = ms;
  }

  /** The endpoint is passed over: its circuit is open. */
  rests({ circuit, model, title }: Endpoint): void {
    const askedAt = this.#clock.uptime();
    const ms = circuit.restOf(askedAt);
    const what = ms > 0 ? `${title} rests for ${Math.ceil(ms)} ms` : `${title} is being tried`;
    this.#turns.push({ model: model.name, what, askedAt });
  }

  /** The model can't be asked at all. */
  unusable(model: string, error: MuseError): void {
    this.#turns.push({ model, what: error.code, askedAt: this.#clock.uptime() });
  }

  /** `model "a": endpoint 1 (…): 503 after 12 ms, …; model "b": endpoint 1 (…): …` */
  get text(): string {
    return this.#turns
      .map((turn, i) => {
        const isNew = turn.model !== this.#turns[i - 1]?.model;
        return `${isNew ? `model "${turn.model}": ` : ''}${textOf(turn)}`;
      })
      .join('; ');
  }
}

function textOf({ what, askedAt, begunAt, endedAt = askedAt, outcome, pause }: Turn): string {
  if (outcome === undefined) return what;
  const after = (at: number): string => `after ${Math.round(at - askedAt)} ms`;
  const begun = begunAt === undefined ? '' : `answer begun ${after(begunAt)}, `;
  const paused = pause === undefined ? '' : `, then a pause of ${Math.round(pause)} ms`;
  return `${what}: ${begun}${outcome} ${after(endedAt)}${paused}`;
}
