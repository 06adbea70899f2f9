/** An answer in Markdown, as a page: rendered into a small document while it is written. */

import type { Cleaner, CleaningOutcome, NoticeKind } from '../cleaning/cleaning.ts';
import { noticeHtml } from '../cleaning/notice.ts';
import { DOCUMENT_END, fragmentStart, type WrapperOptions } from '../cleaning/wrapper.ts';
import { firstHeading, MarkdownBlocks } from './markdown-blocks.ts';

const STYLE = `<style>
:root { color-scheme: light dark; }
body { margin: 0; font: 1.0625rem/1.65 system-ui, sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; overflow-wrap: break-word; }
h1, h2, h3, h4 { line-height: 1.25; margin: 2em 0 .6em; } h1 { margin-top: .5em; }
pre, code { font: .9em/1.5 ui-monospace, monospace; background: rgb(127 127 127 / .13); border-radius: .3em; }
code { padding: .1em .3em; } pre { padding: .9em 1.1em; overflow-x: auto; } pre code { padding: 0; background: none; }
blockquote { margin: 1em 0; padding: 0 1.1em; border-left: .25em solid rgb(127 127 127 / .5); }
table { border-collapse: collapse; display: block; overflow-x: auto; } img { max-width: 100%; }
th, td { padding: .35em .8em; border: 1px solid rgb(127 127 127 / .4); text-align: left; }
</style>
`;

export class MarkdownCleaner implements Cleaner {
  readonly #text: Cleaner;
  readonly #options: WrapperOptions;
  readonly #blocks = new MarkdownBlocks();
  #begun = false;

  /** `text` takes away reasoning and a fence around the whole. */
  constructor(text: Cleaner, options: WrapperOptions) {
    this.#text = text;
    this.#options = options;
  }

  get outcome(): CleaningOutcome {
    return this.#text.outcome;
  }

  get held(): number {
    return this.#text.held + this.#blocks.held;
  }

  push(text: string): string {
    return this.#inDocument(this.#blocks.push(this.#text.push(text)));
  }

  pushReasoning(text: string): void {
    this.#text.pushReasoning(text);
  }

  end(): string {
    const rest = this.#rest();
    return this.outcome === 'answer' ? `${rest}</main>${DOCUMENT_END}` : '';
  }

  notice(kind: NoticeKind): string {
    return `${this.#rest()}</main>${noticeHtml(kind)}${DOCUMENT_END}`;
  }

  #rest(): string {
    const blocks = this.#blocks.push(this.#text.end()) + this.#blocks.end();
    return this.#inDocument(blocks);
  }

  /** The document begins with the first blocks, which may know its title. */
  #inDocument(blocks: string): string {
    if (blocks === '' || this.#begun) return blocks;
    this.#begun = true;
    const title = this.#options.title ?? unescaped(firstHeading(blocks));
    return `${fragmentStart('', { ...this.#options, title })}${STYLE}<main>\n${blocks}`;
  }
}

/** `text` of HTML as the text that it shows: it is escaped once more. */
function unescaped(text: string | undefined): string | undefined {
  return text
    ?.replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}
