/**
 * Whether an endpoint is worth asking, from what became of the calls before.
 *
 *   closed ── failures in a row, or a Retry-After ──▶ open ── time is up ──▶ half open
 *     ▲                                                ▲                        │ one trial call
 *     └───────────────── it answers ───────────────────┼────────────────────────┤
 *                                                      └────── it fails ────────┘
 */

import type { CircuitSettings } from '../models/model.ts';

/** What an open circuit lets through: nothing yet, or one call to see. */
export type CallKind = 'ordinary' | 'trial';

/** Seconds. A provider may ask for a longer rest; a quota that is paid for shall not wait for it. */
const REST_MAX = 60;

export class Circuit {
  #failures = 0;
  /** Uptime in milliseconds at which an open circuit allows a trial; undefined: it is closed. */
  #until: number | undefined;
  #onTrial = false;

  /** Whether a call may go out: it is closed, or its time is up and nobody is trying it. */
  isReady(now: number): boolean {
    return this.#until === undefined || (now >= this.#until && !this.#onTrial);
  }

  get isClosed(): boolean {
    return this.#until === undefined;
  }

  /** Milliseconds for which it stays open. */
  restOf(now: number): number {
    return this.#until === undefined ? 0 : Math.max(0, this.#until - now);
  }

  /** A call goes out; whoever makes it reports once what became of it. */
  begin(now: number): CallKind {
    if (this.#until === undefined || !this.isReady(now)) return 'ordinary';
    this.#onTrial = true;
    return 'trial';
  }

  /** The endpoint answers: whichever call found it out, the circuit is closed. */
  succeeded(): void {
    this.#failures = 0;
    this.#until = undefined;
    this.#onTrial = false;
  }

  /** `retryAfter`: the seconds for which the endpoint asked to be left alone. */
  failed(
    kind: CallKind,
    now: number,
    settings: CircuitSettings,
    retryAfter: number | undefined,
  ): void {
    this.#failures += 1;
    if (kind === 'trial') this.#onTrial = false;
    // Calls that began before it opened say nothing new, unless the endpoint says for how long.
    else if (this.#until !== undefined && retryAfter === undefined) return;
    if (retryAfter !== undefined) {
      this.#until = Math.max(this.#until ?? 0, now + Math.min(retryAfter, REST_MAX) * 1_000);
    } else if (kind === 'trial' || this.#failures >= settings.failures) {
      this.#until = now + settings.cooldown * 1_000;
    }
  }

  /** The call ended without saying anything about the endpoint. */
  undecided(kind: CallKind): void {
    if (kind === 'trial') this.#onTrial = false;
  }
}
