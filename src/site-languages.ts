/** The languages of a directory, and the one that a visitor gets: httpd has chosen it. */

export interface Language {
  readonly tag: string;
  /** All that there are. */
  readonly among: readonly string[];
}

/** `tag` and `among` as httpd tells them; undefined: the directory has no languages. */
export function readLanguage(tag?: string, among?: string): Language | undefined {
  return tag ? { tag, among: (among || tag).split(',') } : undefined;
}
