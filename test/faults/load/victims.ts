/** Connections whose httpd child the script has killed or stopped: what happens to them is its own. */

export class Victims {
  /** The visitor's port, and from when to when what is sent over it doesn't count. */
  readonly #spans: { readonly port: number; readonly from: number; until: number }[] = [];

  /** Connections from these ports don't count until the returned function is called, and then. */
  add(ports: Iterable<number>): () => void {
    const from = performance.now();
    const mine = [...ports].map((port) => ({ port, from, until: Infinity }));
    this.#spans.push(...mine);
    return () => {
      for (const span of mine) span.until = performance.now();
    };
  }

  has(port: number, start: number, end: number): boolean {
    return this.#spans.some((one) => one.port === port && start <= one.until && end >= one.from);
  }
}
