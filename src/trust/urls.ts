/** Which URLs a generated page may have, by what a browser does with them. */

/** What a link may lead to. */
const LINKS: ReadonlySet<string> = new Set(['http', 'https', 'mailto', 'tel', 'sms', 'geo']);
/** What may be loaded; where from is the business of the Content-Security-Policy. */
const LOADS: ReadonlySet<string> = new Set(['http', 'https']);
/** Data that is shown or played and never run; `data:,` is an icon that is none. */
const SHOWN_DATA = /^data:(?:,$|(?:image|audio|video|font)\/)/i;

/** Browsers pass these over in a scheme, or before it; here they count nowhere. */
const IGNORED = /[\u0000-\u0020\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff]/g;
const SCHEME = /^([a-z][a-z0-9+.-]*):/i;

/** A link to be followed by the visitor. */
export function isLink(url: string): boolean {
  return hasScheme(bare(url), LINKS);
}

/** A picture, a sound, a font. */
export function isShown(url: string): boolean {
  const text = bare(url);
  return hasScheme(text, LOADS) || SHOWN_DATA.test(text);
}

/** A style sheet, or a script where scripts may be. */
export function isLoaded(url: string): boolean {
  return hasScheme(bare(url), LOADS);
}

/** A list of pictures: `a.png 1x, b.png 2x`. Commas in data URLs make parts of their own. */
export function isShownList(list: string): boolean {
  return list.split(',').every((part) => {
    const text = bare(part);
    return hasScheme(text, LOADS) || /^data:image\//i.test(text);
  });
}

/** A place on the site that the page came from. */
export function isOwn(url: string): boolean {
  const text = bare(url);
  return hasScheme(text, NONE) && !/^[/\\]{2}/.test(text);
}

/** A place in the page itself. */
export function isInPage(url: string): boolean {
  return bare(url).startsWith('#');
}

const NONE: ReadonlySet<string> = new Set();

function bare(url: string): string {
  return url.replace(IGNORED, '');
}

/** Whether `text` has one of these schemes, or is relative. */
function hasScheme(text: string, schemes: ReadonlySet<string>): boolean {
  const scheme = SCHEME.exec(text)?.[1];
  if (scheme !== undefined) return schemes.has(scheme.toLowerCase());
  // A colon before the path that ends no scheme: what would a browser make of it?
  return !/^[^/?#]*:/.test(text);
}
