/** The attributes that an element of a generated page may have. */

import { ANIMATIONS } from './elements.ts';
import { isInPage, isLink, isLoaded, isOwn, isShown, isShownList } from './urls.ts';

export interface Attribute {
  readonly name: string;
  readonly value: string;
}

/** What can be written into a tag and read as one name again. */
const NAME = /^[a-z_][\w.-]*$/;
const PREFIXED: ReadonlySet<string> = new Set([
  'xlink:href',
  'xlink:title',
  'xml:lang',
  'xml:space',
  'xmlns:xlink',
]);

/** Documents and requests of their own, and what only the site may say. */
const NEVER: ReadonlySet<string> = new Set([
  ...['archive', 'attributionsrc', 'classid', 'code', 'codebase', 'http-equiv', 'longdesc'],
  ...['manifest', 'nonce', 'ping', 'profile', 'srcdoc'],
]);

/** Attributes with a URL, and what it may be; `href` depends on its element. */
const URLS: ReadonlyMap<string, (url: string) => boolean> = new Map([
  ['action', isOwn],
  ['formaction', isOwn],
  ['background', isShown],
  ['cite', isLink],
  ['dynsrc', isShown],
  ['lowsrc', isShown],
  ['poster', isShown],
  ['src', isShown],
  ['srcset', isShownList],
  ['imagesrcset', isShownList],
  ['data', () => false],
]);
const HREFS: ReadonlyMap<string, (url: string) => boolean> = new Map([
  ['a', isLink],
  ['area', isLink],
  ['image', isShown],
  ['link', (url: string) => isLoaded(url) || isShown(url)],
]);

/** What an animation may change: presentation, never where a link leads or what an event does. */
const ANIMATED = /^(?!on|href$|xlink|src)[a-z][a-z-]*$/i;
const ANIMATION_VALUES: ReadonlySet<string> = new Set(['by', 'from', 'to', 'values']);
const RUNS = /(?:java|vb)script:|data:/i;

const LINK_RELATIONS: ReadonlySet<string> = new Set([
  ...['alternate', 'apple-touch-icon', 'author', 'canonical', 'help', 'icon', 'license'],
  ...['mask-icon', 'me', 'next', 'prev', 'search', 'shortcut', 'stylesheet'],
]);
const HTTP_EQUIVALENTS: ReadonlySet<string> = new Set([
  'content-language',
  'content-type',
  'x-ua-compatible',
]);

/** Whether `attribute` may stand in a tag of `element`; all names in small letters. */
export function isAllowedAttribute(element: string, { name, value }: Attribute): boolean {
  if (!NAME.test(name) && !PREFIXED.has(name)) return false;
  if (name.startsWith('on')) return false;
  if (name === 'href' || name === 'xlink:href') return (HREFS.get(element) ?? isInPage)(value);
  if (NEVER.has(name)) return name === 'http-equiv' && element === 'meta';
  if (ANIMATION_VALUES.has(name) && ANIMATIONS.has(element)) {
    return !RUNS.test(value.replace(/[\u0000-\u0020]/g, ''));
  }
  return URLS.get(name)?.(value) ?? true;
}

/** Whether a tag is let through at all with what it says. */
export function isAllowedTag(element: string, attributes: readonly Attribute[]): boolean {
  const value = (name: string): string | undefined =>
    attributes
      .find((each) => each.name === name)
      ?.value.trim()
      .toLowerCase();
  if (element === 'meta') {
    const equivalent = value('http-equiv');
    if (equivalent !== undefined) return HTTP_EQUIVALENTS.has(equivalent);
    return value('name') !== 'referrer';
  }
  if (element === 'link') {
    const relations = value('rel')?.split(/\s+/) ?? [];
    return relations.length > 0 && relations.every((each) => LINK_RELATIONS.has(each));
  }
  if (ANIMATIONS.has(element)) return ANIMATED.test(value('attributename') ?? 'none');
  return true;
}
