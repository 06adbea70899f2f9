/** The language that the root element of a page says. */

import type { Token } from 'parse5';
import { isRightToLeft } from '../language.ts';

/** What says a language or a direction, on the root or the body: a model may be mistaken there. */
const SAID: ReadonlySet<string> = new Set(['lang', 'xml:lang', 'dir']);
const ROOT = 'html';
const BODY = 'body';

export class DocumentLanguage {
  readonly #attributes: Token.Attribute[];
  #hasRoot = false;

  constructor(tag: string) {
    this.#attributes = [{ name: 'lang', value: tag }];
    if (isRightToLeft(tag)) this.#attributes.push({ name: 'dir', value: 'rtl' });
  }

  /** The attributes that a tag is to have. */
  attributesOf({ tagName, attrs }: Token.TagToken): Token.Attribute[] {
    if (tagName !== ROOT && tagName !== BODY) return attrs;
    const others = attrs.filter(({ name }) => !SAID.has(name));
    return tagName === ROOT ? [...this.#attributes, ...others] : others;
  }

  /** What goes before the page's first tag or text: the root, where it is left to the browser. */
  before(tagName?: string): string {
    const isMissing = !this.#hasRoot && tagName !== ROOT;
    this.#hasRoot = true;
    if (!isMissing) return '';
    return `<html${this.#attributes.map(({ name, value }) => ` ${name}="${value}"`).join('')}>`;
  }
}
