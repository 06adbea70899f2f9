/** What a model wrote to itself: finding it in an answer, and keeping it where it is shown. */

const NAMES = ['think', 'thinking', 'thought', 'reasoning'];
const OPENING: ReadonlySet<string> = new Set(NAMES.map((name) => `<${name}>`));
const CLOSING: ReadonlySet<string> = new Set(NAMES.map((name) => `</${name}>`));
const CLOSING_MAX = Math.max(...[...CLOSING].map((tag) => tag.length));
/** No page shows more than this of it. */
const KEPT_MAX = 262_144;

/** Whether `tag`, with its brackets, begins reasoning. */
export function opensReasoning(tag: string): boolean {
  return OPENING.has(tag.toLowerCase());
}

/** Whether it ends it. Any of the names ends any block: models mix them up. */
export function closesReasoning(tag: string): boolean {
  return CLOSING.has(tag.toLowerCase());
}

/** The reasoning of one answer; kept only where somebody will read it. */
export class Reasoning {
  readonly #keep: boolean;
  readonly #pieces: string[] = [];
  #length = 0;
  #seen = false;
  #hasText = false;

  constructor(keep: boolean) {
    this.#keep = keep;
  }

  /** Whether the model reasoned at all. */
  get seen(): boolean {
    return this.#seen;
  }

  /** Whether anything was kept that can be read. */
  get hasText(): boolean {
    return this.#hasText;
  }

  get text(): string {
    return this.#pieces.join('').trim();
  }

  add(text: string): void {
    this.#seen = true;
    if (!this.#keep || this.#length >= KEPT_MAX) return;
    this.#hasText ||= text.trim() !== '';
    const rest = KEPT_MAX - this.#length;
    this.#pieces.push(text.length > rest ? `${text.slice(0, rest)}…` : text);
    this.#length += text.length;
  }
}

/** One block of it, from after its opening tag to its closing tag. */
export class ReasoningBlock {
  readonly #reasoning: Reasoning;
  #tag = '';

  constructor(reasoning: Reasoning) {
    this.#reasoning = reasoning;
    reasoning.add('');
  }

  /** Takes a character; true when it completes the closing tag. */
  step(character: string): boolean {
    if (character === '<') {
      this.#reasoning.add(this.#tag);
      this.#tag = '<';
      return false;
    }
    if (this.#tag === '') {
      this.#reasoning.add(character);
      return false;
    }
    this.#tag += character;
    if (closesReasoning(this.#tag)) return true;
    if (character === '>' || this.#tag.length >= CLOSING_MAX) {
      this.#reasoning.add(this.#tag);
      this.#tag = '';
    }
    return false;
  }
}
