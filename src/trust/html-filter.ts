/**
 * Takes out of generated HTML what could run, lead astray or load on its own, while it streams.
 *
 * A tokenizer that keeps to the HTML standard reads the page; what is allowed of it is written
 * anew. Nothing else goes out, and so whatever a browser takes a place for (text, a style,
 * SVG, a table…) each `<` that it can find there either begins a tag that was let through, or is
 * followed by nothing that makes it one. Where the tree of elements would matter, to know CDATA
 * from a comment, a mistake costs the page's looks and never its safety.
 *
 * What is held back: a tag, a comment, or a character reference that is not whole.
 */

import { type Token, TokenizerMode } from 'parse5';
import { escapeHtml } from '../cleaning/wrapper.ts';
import { isAllowedAttribute, isAllowedTag } from './attributes.ts';
import type { DocumentLanguage } from './document-language.ts';
import { DROPPED_WHOLE, isAllowedElement } from './elements.ts';
import { ForeignContent } from './foreign-content.ts';
import type { LanguageLinks } from './language-links.ts';
import type { PageScripts } from './page-scripts.ts';
import { StyleText } from './style-text.ts';
import { type Mode, TokenFeed } from './token-feed.ts';
import { isLoaded } from './urls.ts';

/** What becomes of the text at a place. */
type Place = 'text' | 'style' | 'script' | 'dropped';

const TEXT_REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#13;',
};
const DOCTYPE = '<!doctype html>';
const RCDATA_ELEMENTS: ReadonlySet<string> = new Set(['textarea', 'title']);
/** Of a script's own attributes; one with `src` has its place on the site. */
const SCRIPT_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...['async', 'class', 'defer', 'id', 'nomodule', 'src', 'type'],
]);

/** Attributes by which a visitor comes to another page. */
const LINKS: ReadonlySet<string> = new Set(['href', 'xlink:href', 'action', 'formaction']);
const LINKING: ReadonlySet<string> = new Set(['a', 'area', 'form', 'button', 'input']);

export interface HtmlFilterOptions {
  /** Where scripts are let through: they are counted here. */
  readonly scripts?: PageScripts | undefined;
  /** The language of the document. */
  readonly document?: DocumentLanguage | undefined;
  /** Where links are to stay in it. */
  readonly links?: LanguageLinks | undefined;
}

export class HtmlFilter {
  readonly #scripts: PageScripts | undefined;
  readonly #document: DocumentLanguage | undefined;
  readonly #links: LanguageLinks | undefined;
  readonly #feed: TokenFeed;
  readonly #style = new StyleText();
  readonly #foreign = new ForeignContent();
  #out = '';
  #place: Place = 'text';

  constructor({ scripts, document, links }: HtmlFilterOptions = {}) {
    this.#scripts = scripts;
    this.#document = document;
    this.#links = links;
    this.#feed = new TokenFeed({
      startTag: (token) => this.#startTag(token),
      endTag: (token) => this.#endTag(token),
      text: (chars) => this.#text(chars),
      doctype: () => {
        this.#out += DOCTYPE;
      },
    });
  }

  /** Characters that may still come out. */
  get held(): number {
    return this.#feed.held;
  }

  /** @throws {MuseError} `answer-too-long` for a tag that does not end. */
  push(text: string): string {
    this.#feed.push(text);
    return this.#take();
  }

  /** The page is whole: what was held is no tag. */
  end(): string {
    this.#feed.end();
    return this.#take() + this.#style.end();
  }

  #take(): string {
    const out = this.#out;
    this.#out = '';
    return out;
  }

  #text(chars: string): void {
    if (this.#place === 'text') this.#out += this.#begin(chars) + escapeText(chars);
    else if (this.#place === 'style') this.#out += this.#style.push(chars);
    else if (this.#place === 'script') {
      this.#scripts?.add(chars);
      this.#out += chars;
    }
  }

  /** What the first text has to be preceded by. */
  #begin(chars: string): string {
    return this.#document !== undefined && /\S/.test(chars) ? this.#document.before() : '';
  }

  #startTag(token: Token.TagToken): void {
    this.#leavePlace();
    this.#out += this.#document?.before(token.tagName) ?? '';
    const name = token.tagName;
    const isForeign = this.#foreign.isInside;
    const isEmpty = token.selfClosing && isForeign;
    if (name === 'script') {
      if (!isEmpty) this.#script(token, isForeign);
      return;
    }
    if (DROPPED_WHOLE.has(name) || (name === 'noscript' && this.#scripts !== undefined)) {
      this.#enter('dropped', TokenizerMode.RAWTEXT);
      return;
    }
    if (name === 'xmp') this.#feed.mode = TokenizerMode.RAWTEXT;
    if (!isAllowedElement(name) || !isAllowedTag(name, token.attrs)) return;
    if (name === 'style') {
      this.#out += this.#tag(token);
      if (!isEmpty) this.#enter('style', isForeign ? TokenizerMode.DATA : TokenizerMode.RAWTEXT);
      return;
    }
    this.#out += this.#foreign.start(name, token.selfClosing) + this.#tag(token);
    this.#feed.isForeign = this.#foreign.isInside;
    if (RCDATA_ELEMENTS.has(name) && !isForeign) this.#feed.mode = TokenizerMode.RCDATA;
  }

  #endTag({ tagName: name }: Token.TagToken): void {
    this.#leavePlace(name);
    if (!isAllowedElement(name)) return;
    this.#out += name === 'style' ? '</style>' : this.#foreign.end(name);
    this.#feed.isForeign = this.#foreign.isInside;
  }

  #tag(token: Token.TagToken): string {
    let tag = `<${token.tagName}`;
    for (const attribute of this.#document?.attributesOf(token) ?? token.attrs) {
      if (!isAllowedAttribute(token.tagName, attribute)) continue;
      tag += ` ${attribute.name}="${escapeHtml(this.#value(token.tagName, attribute))}"`;
    }
    return token.selfClosing ? `${tag} />` : `${tag}>`;
  }

  #value(element: string, { name, value }: Token.Attribute): string {
    if (this.#links === undefined || !LINKS.has(name) || !LINKING.has(element)) return value;
    return this.#links.lead(value);
  }

  /** In SVG a browser would read its text otherwise than its hash is computed here. */
  #script(token: Token.TagToken, isForeign: boolean): void {
    const scripts = isForeign ? undefined : this.#scripts;
    const attributes = token.attrs.filter(({ name }) => SCRIPT_ATTRIBUTES.has(name));
    const source = attributes.find(({ name }) => name === 'src')?.value;
    const tag = attributes.map(({ name, value }) => ` ${name}="${escapeHtml(value)}"`).join('');
    if (scripts !== undefined && source !== undefined && isLoaded(source)) {
      this.#out += `<script${tag}></script>`;
    }
    if (scripts !== undefined && source === undefined && scripts.begin()) {
      this.#out += `<script${tag} nonce="${scripts.nonce}">`;
      this.#enter('script', TokenizerMode.SCRIPT_DATA);
    } else this.#enter('dropped', TokenizerMode.SCRIPT_DATA);
  }

  #enter(place: Place, mode: Mode): void {
    this.#place = place;
    this.#feed.mode = mode;
  }

  /** In SVG a style may have elements in it; here it ends before them, as nobody needs any. */
  #leavePlace(endTag?: string): void {
    if (this.#place === 'style') {
      this.#out += this.#style.end();
      if (endTag !== 'style') this.#out += '</style>';
    } else if (this.#place === 'script') {
      this.#scripts?.end();
      this.#out += '</script>';
    }
    this.#place = 'text';
  }
}

function escapeText(text: string): string {
  // Most text has none of them, and a test costs a fraction of a replacement.
  if (!/[&<>\r]/.test(text)) return text;
  return text.replace(/[&<>\r]/g, (character) => TEXT_REFERENCES[character] ?? character);
}
