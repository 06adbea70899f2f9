/** Where things go; `modules` is what `apxs -q LIBEXECDIR` says. */
export interface Places {
  readonly modules: string;
  readonly library: string;
  readonly etc: string;
  /** A folder on everybody's PATH. */
  readonly bin: string;
}

export const usualPlaces = {
  library: '/usr/local/lib/mod_muse_ai',
  etc: '/etc/apache2',
  bin: '/usr/local/bin',
} as const;
