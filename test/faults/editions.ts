/** Which numbers stood in a file when: a page may carry those of the time of its request. */

export class Editions {
  readonly #graceMs: number;
  readonly #spans: { readonly number: number; readonly from: number; until: number }[] = [];

  /** `graceMs`: for so long after a change the number before may still be seen. */
  constructor(first: number, graceMs: number) {
    this.#graceMs = graceMs;
    this.#spans.push({ number: first, from: Number.NEGATIVE_INFINITY, until: Infinity });
  }

  get current(): number {
    return this.#spans.at(-1)?.number ?? 0;
  }

  /** `begin` before the file is changed, and what it returns after that. */
  begin(number: number): () => void {
    const before = this.#spans.at(-1);
    this.#spans.push({ number, from: performance.now(), until: Infinity });
    return () => {
      if (before !== undefined) before.until = performance.now();
    };
  }

  /** Whether a request from `start` to `end` may have seen it. */
  allows(number: number, start: number, end: number): boolean {
    return this.#spans.some(
      (span) => span.number === number && span.from <= end && span.until + this.#graceMs >= start,
    );
  }
}
