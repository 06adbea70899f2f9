/** The elements that are open at a place, as far as they need to be closed again. */

import { CONTAINERS, FOREIGN_ELEMENTS } from './elements.ts';

/** As deep as browsers nest. What is deeper is not closed by name; a browser closes it anyway. */
const DEPTH_MAX = 512;

/**
 * A stack that forgives wrong nesting as browsers do: an end tag closes what is open inside it,
 * and one without its start tag does nothing. Every element is pushed and popped once.
 */
export class OpenElements {
  readonly #stack: string[] = [];
  readonly #counts = new Map<string, number>();

  get depth(): number {
    return this.#stack.length;
  }

  get inForeign(): boolean {
    for (const name of FOREIGN_ELEMENTS) if (this.isOpen(name)) return true;
    return false;
  }

  isOpen(name: string): boolean {
    return (this.#counts.get(name) ?? 0) > 0;
  }

  open(name: string, selfClosing: boolean): void {
    if (!CONTAINERS.has(name) || this.#stack.length >= DEPTH_MAX) return;
    if (selfClosing && (FOREIGN_ELEMENTS.has(name) || this.inForeign)) return;
    this.#stack.push(name);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  close(name: string): void {
    if (!this.isOpen(name)) return;
    for (;;) {
      const inner = this.#stack.pop();
      if (inner === undefined) return;
      this.#counts.set(inner, (this.#counts.get(inner) ?? 1) - 1);
      if (inner === name) return;
    }
  }

  /** The end tags of all that is open, the innermost first; nothing is open afterwards. */
  closeAll(): string {
    const tags = this.#stack.reverse().map((name) => `</${name}>`);
    this.#stack.length = 0;
    this.#counts.clear();
    return tags.join('');
  }
}
