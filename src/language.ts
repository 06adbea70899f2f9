/** Languages by their tags (BCP 47): what they are called and which way they are written. */

const RIGHT_TO_LEFT: ReadonlySet<string> = new Set([
  ...['Adlm', 'Arab', 'Aran', 'Hebr', 'Mand', 'Mend', 'Nkoo', 'Rohg', 'Samr', 'Syrc', 'Thaa'],
  'Yezi',
]);

const names = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });

/** Whether text in this language runs from right to left. */
export function isRightToLeft(tag: string): boolean {
  const script = ofTag(() => new Intl.Locale(tag).maximize().script);
  return script !== undefined && RIGHT_TO_LEFT.has(script);
}

/** `Brazilian Portuguese` for `pt-BR`; undefined: it has no name in English. */
export function nameOfLanguage(tag: string): string | undefined {
  return ofTag(() => names.of(tag));
}

/** Undefined also where the tag is none: a page may say any. */
function ofTag(read: () => string | undefined): string | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
