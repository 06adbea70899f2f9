/** What must never stand in a log line: the keys in use, and whatever looks like one. */

const HIDDEN = '[hidden]';
/** Shorter values would blacken ordinary words; no provider's key is that short. */
const SHORTEST = 6;
const LOOKS_LIKE_A_KEY = /\b(?:sk|pk|rk|key|gsk|xai|hf)[-_][A-Za-z0-9_-]{8,}|\bBearer\s+\S+/g;

/** The engine's keys, by value, so that they can be struck out of any text. */
export class Secrets {
  readonly #values = new Set<string>();

  /** Values stay known after a reload: a request under way may still use the old key. */
  add(value: string | undefined): void {
    if (value !== undefined && value.length >= SHORTEST) this.#values.add(value);
  }

  /** `text` with every known secret, and every likely one, replaced. */
  redact(text: string): string {
    let clean = text;
    for (const value of this.#values) clean = clean.replaceAll(value, HIDDEN);
    return clean.replace(LOOKS_LIKE_A_KEY, HIDDEN);
  }
}
