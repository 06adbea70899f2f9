/** What must never stand in a log line: the keys in use, and whatever looks like one. */

const HIDDEN = '[hidden]';
/** Shorter values would blacken ordinary words; no provider's key is that short. */
const SHORTEST = 6;
/** Each line of the log is searched for all of them. */
const FORMER_MOST = 1_000;
const LOOKS_LIKE_A_KEY = /\b(?:sk|pk|rk|key|gsk|xai|hf)[-_][A-Za-z0-9_-]{8,}|\bBearer\s+\S+/g;

/** The engine's keys, by value, so that they can be struck out of any text. */
export class Secrets {
  readonly #lasting = new Set<string>();
  /** Those that were told of last are the last. */
  readonly #ofModels = new Set<string>();

  /** All of them: one may be the beginning of another, whose rest would be left. */
  #longestFirst: readonly string[] | undefined;

  /** A value that stays secret as long as this process lives. */
  add(value: string | undefined): void {
    if (!isSecret(value)) return;
    this.#lasting.add(value);
    this.#longestFirst = undefined;
  }

  /** Keys of models that are in force. */
  addOfModels(values: readonly (string | undefined)[]): void {
    this.#longestFirst = undefined;
    for (const value of values) {
      if (!isSecret(value) || this.#lasting.has(value)) continue;
      this.#ofModels.delete(value);
      this.#ofModels.add(value);
    }
  }

  /**
   * The keys of all models that are in force from here on. Those of before stay known, since a
   * request under way may still use them; where keys are renewed again and again, only the newest.
   */
  renewOfModels(values: readonly string[]): void {
    this.addOfModels(values);
    const most = FORMER_MOST + values.length;
    for (const oldest of this.#ofModels) {
      if (this.#ofModels.size <= most) return;
      this.#ofModels.delete(oldest);
    }
  }

  /** `text` with every known secret, and every likely one, replaced. */
  redact(text: string): string {
    this.#longestFirst ??= [...this.#lasting, ...this.#ofModels].sort(
      (a, b) => b.length - a.length,
    );
    let clean = text;
    for (const value of this.#longestFirst) clean = clean.replaceAll(value, HIDDEN);
    return clean.replace(LOOKS_LIKE_A_KEY, HIDDEN);
  }
}

function isSecret(value: string | undefined): value is string {
  return value !== undefined && value.length >= SHORTEST;
}
