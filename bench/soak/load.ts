import type { Kind } from './kinds.ts';

/** Milliseconds between two looks at how many requests are due. */
const tickMs = 10;
/** Different texts of failures to keep; the count is kept of all. */
const problemsMax = 20;

/** What came of the requests of one kind. */
export interface KindCount {
  asked: number;
  failed: number;
}

/**
 * So many requests a second, whether those before were answered or not: a server that falls behind
 * gets no rest for it.
 */
export class Load {
  readonly counts: ReadonlyMap<string, KindCount>;
  readonly problems = new Set<string>();
  /** Milliseconds from request to whole answer since `takeTimes`, by kind. */
  #times = new Map<string, number[]>();
  #underWay = 0;
  readonly #kinds: readonly Kind[];
  readonly #rate: number;
  #timer: NodeJS.Timeout | undefined;
  #begun = 0;
  #sent = 0;

  constructor(kinds: readonly Kind[], perSecond: number) {
    this.#kinds = kinds;
    this.#rate = perSecond;
    this.counts = new Map(kinds.map(({ name }) => [name, { asked: 0, failed: 0 }]));
  }

  get sent(): number {
    return this.#sent;
  }

  get failed(): number {
    return [...this.counts.values()].reduce((sum, { failed }) => sum + failed, 0);
  }

  /** Requests that wait for their answer. */
  get underWay(): number {
    return this.#underWay;
  }

  start(): void {
    this.#begun = performance.now();
    this.#timer = setInterval(() => this.#turn(), tickMs);
  }

  /** Sends no more, and waits for what was sent. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#underWay > 0) await new Promise((resolve) => setTimeout(resolve, tickMs));
  }

  /** How long the answers took since this was asked last, by kind. */
  takeTimes(): ReadonlyMap<string, readonly number[]> {
    const times = this.#times;
    this.#times = new Map();
    return times;
  }

  #turn(): void {
    const due = ((performance.now() - this.#begun) * this.#rate) / 1000;
    while (this.#sent < due) {
      this.#sent += 1;
      void this.#ask(this.#pick());
    }
  }

  #pick(): Kind {
    let place = Math.random() * this.#kinds.reduce((sum, { share }) => sum + share, 0);
    const found = this.#kinds.find(({ share }) => {
      place -= share;
      return place < 0;
    });
    if (found === undefined) throw new Error('there are no kinds of requests');
    return found;
  }

  async #ask({ name, ask }: Kind): Promise<void> {
    const count = this.counts.get(name) ?? { asked: 0, failed: 0 };
    const begun = performance.now();
    this.#underWay += 1;
    count.asked += 1;
    const wrong = await ask().catch(String);
    this.#underWay -= 1;
    this.#note(name, performance.now() - begun);
    if (wrong === undefined) return;
    count.failed += 1;
    if (this.problems.size < problemsMax) this.problems.add(`${name}: ${wrong}`);
  }

  #note(name: string, ms: number): void {
    const times = this.#times.get(name);
    if (times === undefined) this.#times.set(name, [ms]);
    else times.push(ms);
  }
}
