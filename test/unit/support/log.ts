import type { EventName } from '../../../src/events.ts';
import type { Log, LogText } from '../../../src/log.ts';

/** A log that a test reads. */
export class ListLog implements Log {
  readonly events: { readonly event: EventName; readonly text: string }[] = [];
  #changed = Promise.withResolvers<void>();

  write(event: EventName, text: LogText): void {
    this.events.push({ event, text: typeof text === 'string' ? text : text() });
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  get names(): EventName[] {
    return this.events.map(({ event }) => event);
  }

  /** The text of the newest `event`; waits for one beyond the first `after`. */
  async waitFor(event: EventName, after = 0): Promise<string> {
    for (;;) {
      const found = this.events.filter((each) => each.event === event);
      const last = found.at(-1);
      if (found.length > after && last !== undefined) return last.text;
      await this.#changed.promise;
    }
  }
}
