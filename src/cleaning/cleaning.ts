/** What the pipeline sees of the cleaning of a model's answer; `cleaner.ts` makes one. */

/**
 * Fences in text. `markdown`: they have a meaning, and one around code is part of it. `kept`: who
 * gets the text looks for them. Else one that it begins with is taken away.
 */
export type Fences = 'markdown' | 'kept';

export interface CleanerOptions {
  /**
   * `html`: the answer becomes one whole HTML document whatever the model sent. `text`: anything
   * else (plain text, JSON, CSS…); only reasoning and an enclosing code fence are taken away.
   */
  readonly contentType: 'html' | 'text';
  readonly fences?: Fences;
  /** Title of a document that has to be made around a fragment or plain text. */
  readonly title?: string;
  /** Language tag of such a document; right-to-left languages also get `dir`. */
  readonly lang?: string;
  /** `show` puts reasoning into a closed `<details>` at the page's end; text never shows it. */
  readonly reasoning: 'hide' | 'show';
}

/**
 * What came of an answer, final after `end()` or `notice()`:
 * `pending`: nothing but what may still be dropped was seen; `answer`: there is something to
 * read; `blank`: nothing but white space (or an empty fence) came; `only-reasoning`: the model
 * reasoned and then gave no answer; `not-json`: it was to be JSON, and is not.
 */
export type CleaningOutcome = 'pending' | 'answer' | 'blank' | 'only-reasoning' | 'not-json';

/** Why a page ends before its time. */
export type NoticeKind = 'broken' | 'timeout' | 'length' | 'filtered';

/** Cleans one answer while it streams; the output does not depend on how the input is split. */
export interface Cleaner {
  /** Takes the next piece of the answer; returns what can go out now, maybe nothing. */
  push(text: string): string;

  /** Takes reasoning that the provider sent in a field of its own. */
  pushReasoning(text: string): void;

  /** The answer is whole: returns the last of the output. An empty answer gives ''. */
  end(): string;

  /**
   * The answer broke off, instead of `end()`: what was held back, whatever closes the place where
   * the page stands (a script, a comment, an attribute…), a notice that the visitor sees, and the
   * page's end. All output so far and this make one readable page.
   */
  notice(kind: NoticeKind): string;

  readonly outcome: CleaningOutcome;

  /** Characters taken in that may still come out later: bounded, see `cleaner.ts`. */
  readonly held: number;
}
