/** Numbers for visitors and pages, each given out once: a page with a new one is a cold page. */
export class Numbers {
  #next = 1;

  /** The first of `count` numbers that nobody had. */
  take(count: number): number {
    const first = this.#next;
    this.#next += count;
    return first;
  }
}
