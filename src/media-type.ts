/** Media types (RFC 9110, section 8.3.1), as far as the pages' differ in what is done with them. */

export const MARKDOWN = 'text/markdown';

/** Without its parameters, in small letters. */
export function mediaType(contentType: string): string {
  const [type = ''] = contentType.split(';');
  return type.trim().toLowerCase();
}

export function isHtml(contentType: string): boolean {
  return mediaType(contentType) === 'text/html';
}

/** Also of those that are JSON with a meaning, such as `application/ld+json` (RFC 6839). */
export function isJson(contentType: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json$/.test(mediaType(contentType));
}

/** Whether it names no other charset than the one in which all pages are written. */
export function isUtf8(contentType: string): boolean {
  const charset = /;\s*charset="?([^";]*)/i.exec(contentType)?.[1];
  return charset === undefined || /^utf-?8$/i.test(charset);
}
