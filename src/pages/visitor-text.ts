/**
 * Text that came from a visitor, and stays marked as such whatever a template does with it.
 *
 * The object is opaque to Liquid, which reads own properties only and finds none: its one string
 * form is the delimited one, in which nothing of the visitor's can end the delimiters. Comparisons
 * see the text itself. Filters get the text and their results are marked again (see marks.ts).
 */

import { Drop } from 'liquidjs';

const LABEL_MAX = 64;

/** The element that encloses a visitor's text in a prompt. */
export const VISITOR_ELEMENT = 'visitor-input';

export class VisitorText {
  readonly #text: string;
  readonly #label: string;

  /** `label` names the value to the model; it may be a visitor's too. */
  constructor(text: string, label: string) {
    this.#text = cleaned(text);
    this.#label = label;
  }

  /** The text itself: for filters and comparisons, never for a prompt. */
  get text(): string {
    return this.#text;
  }

  get label(): string {
    return this.#label;
  }

  /** `query.topic.size` */
  get size(): number {
    return this.#text.length;
  }

  toString(): string {
    const name = this.#label.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, LABEL_MAX);
    return `<${VISITOR_ELEMENT} name="${name}">${escapeMarkup(this.#text)}</${VISITOR_ELEMENT}>`;
  }

  /** What JSON shows of it is the delimited form too. */
  toJSON(): string {
    return this.toString();
  }

  /** `{% for x in query.topic %}` goes over one value, as it does for any string in Liquid. */
  *[Symbol.iterator](): Generator<VisitorText> {
    if (this.#text !== '') yield this;
  }

  // Liquid compares by these five where it finds them: in `case` and in lists. Operators are given
  // the text itself (see liquid.ts).
  equals(other: unknown): unknown {
    // `empty` and `blank` know what equals them.
    const isWord = other instanceof Drop && 'equals' in other && typeof other.equals === 'function';
    return isWord ? other.equals(this.#text) : this.#text === plain(other);
  }
  gt(other: unknown): boolean {
    return this.#text > String(plain(other));
  }
  geq(other: unknown): boolean {
    return this.#text >= String(plain(other));
  }
  lt(other: unknown): boolean {
    return this.#text < String(plain(other));
  }
  leq(other: unknown): boolean {
    return this.#text <= String(plain(other));
  }

  /** Liquid's `contains` looks for this method on what stands at its left. */
  indexOf(part: unknown): number {
    return this.#text.indexOf(String(plain(part)));
  }
}

/**
 * An object whose names a visitor chose, as Liquid gets it: the names are its own properties, and
 * nothing else is; whoever iterates over it gets the names marked.
 */
export function visitorObject(
  entries: Iterable<readonly [string, unknown]>,
): Readonly<Record<string, unknown>> {
  const object: Record<string, unknown> = Object.create(null);
  for (const [name, value] of entries) {
    // Of two values with one name the first counts.
    if (!Object.hasOwn(object, name)) object[name] = value;
  }
  return Object.defineProperties(object, {
    // `{% for pair in query %}`: `pair[0]` is the name.
    [Symbol.iterator]: {
      value: () =>
        Object.entries(object)
          .map(([name, value]) => [new VisitorText(name, 'name'), value] as const)
          .values(),
    },
    [Symbol.toPrimitive]: { value: () => Object.values(object).map(String).join('\n') },
  });
}

/** Bytes of `prompt` that came from visitors, delimiters included. */
export function visitorBytes(prompt: string): number {
  let bytes = 0;
  for (const [element] of prompt.matchAll(ELEMENTS)) bytes += Buffer.byteLength(element);
  return bytes;
}

const ELEMENTS = new RegExp(`<${VISITOR_ELEMENT} name="[^"<>]*">[^<>]*</${VISITOR_ELEMENT}>`, 'g');

/** A visitor's text without its mark, for comparing with it only; anything else as it is. */
export function plain(value: unknown): unknown {
  return value instanceof VisitorText ? value.text : value;
}

/**
 * Without what nobody would see: control characters, what says how to read others, and the tags and
 * variation selectors of Unicode, with which whole sentences can be written that only a model reads.
 */
function cleaned(text: string): string {
  return text.toWellFormed().replace(UNSEEN, '');
}

/** Not the joiners, without which some scripts and emoji are not what they are. */
const UNSEEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2060-\u2064\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;

/** Characters that are <, > or & in another width are escaped as these: a model may read them so. */
function escapeMarkup(text: string): string {
  return text
    .replace(/[&\uff06\ufe60]/g, '&amp;')
    .replace(/[<\uff1c\ufe64]/g, '&lt;')
    .replace(/[>\uff1e\ufe65]/g, '&gt;');
}
