import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './document.ts';

/** One row of the table in muse_directives.c. */
export interface DirectiveRow {
  readonly name: string;
  /** Where httpd takes it, in the words of httpd's own directive pages. */
  readonly context: string;
  /** What AllowOverride has to name; undefined: not for .htaccess. */
  readonly override: string | undefined;
  /** The default that the row's help text names, if it does. */
  readonly helpDefault: string | undefined;
  /** Bounds of a whole number, if it is one. */
  readonly range: { readonly min: string; readonly max: string } | undefined;
  /** Whether it does anything; one that does not is taken for the sake of old configurations. */
  readonly hasEffect: boolean;
}

const CONTEXTS: Readonly<Record<string, string>> = {
  AUTHOR: 'server config, virtual host, directory, .htaccess',
  ADMIN: 'server config, virtual host, directory',
  RSRC_CONF: 'server config, virtual host',
};

/** httpd's own directive, at which our module only listens. */
const NOT_OURS = 'PassEnv';

/** The directives that the module registers, as its source has them. */
export function readDirectiveTable(): DirectiveRow[] {
  const source = readSource('muse_directives.c');
  const setters = readSource('muse_set_server.c') + readSource('muse_set_backend.c');
  const table = /command_rec muse_directives\[\] = \{\n(.*?)\n\};/s.exec(source)?.[1];
  if (table === undefined) throw new Error('muse_directives.c: there is no table of directives');
  const classes = Object.keys(CONTEXTS).join('|');
  // Kind of row, name, setter (or range), the setter's range if it has one, class, help text.
  const row = new RegExp(
    '(\\w+)\\(\\s*"(\\w+)",\\s*(\\w+),\\s*' +
      '(?:NULL,\\s*|\\(void \\*\\)\\(uintptr_t\\)&(\\w+),\\s*)?' +
      `(${classes}|OR_FILEINFO),\\s*((?:"[^"]*"\\s*)+)\\)`,
    'g',
  );
  const rows = [...table.matchAll(row)];
  const names = [...table.matchAll(/\(\s*"(\w+)"/g)].map((match) => match[1]);
  if (rows.length !== names.length) {
    const read = rows.map((match) => match[2]);
    const unread = names.filter((name) => !read.includes(name));
    throw new Error(`muse_directives.c: rows that this test can't read: ${unread.join(', ')}`);
  }
  return rows
    .filter(([, , name]) => name !== NOT_OURS)
    .map(([, kind = '', name = '', setter = '', info, allowed = '', help = '']) => ({
      name,
      context: isGlobal(setters, setter) ? 'server config' : (CONTEXTS[allowed] ?? allowed),
      override: allowed === 'AUTHOR' ? 'FileInfo' : undefined,
      helpDefault: defaultIn(help),
      range: rangeOf(source, kind.endsWith('NUMBER') ? setter : info),
      hasEffect: setter !== 'muse_note_no_effect',
    }));
}

/** Defaults that the source has as macros: MUSE_DEFAULT_RPM → its value. */
export function readDefaultMacros(): Map<string, string> {
  const source = readSource('muse_config.h');
  return new Map(
    [...source.matchAll(/^#define MUSE_DEFAULT_(\w+) "?([\w-]+)"?$/gm)].map(
      ([, name = '', value = '']) => [name, value],
    ),
  );
}

function readSource(name: string): string {
  return readFileSync(join(checkout, 'apache-module', name), 'utf8');
}

/** Whether a setter, or what it calls, refuses everything but the main server's configuration. */
function isGlobal(source: string, setter: string): boolean {
  const body = new RegExp(`\\n(?:static )?const char \\*${setter}\\(.*?\\n\\}`, 's').exec(
    source,
  )?.[0];
  return body !== undefined && /\b(?:global_only|set_path)\(/.test(body);
}

function rangeOf(source: string, name: string | undefined): DirectiveRow['range'] {
  if (name === undefined) return undefined;
  const range = new RegExp(`number_range ${name} = \\{\\w+\\(\\w+\\), (\\d+), (\\d+),`).exec(
    source,
  );
  if (!range) throw new Error(`muse_directives.c: this test can't read ${name}`);
  return { min: range[1] ?? '', max: range[2] ?? '' };
}

/** "(300)", "On (default)" or "(default X-Muse-Model)" in a help text. */
function defaultIn(help: string): string | undefined {
  return (
    /\((\d+[KMG]?)\)/.exec(help)?.[1] ??
    /(\w+) \(default\)/.exec(help)?.[1] ??
    /\(default ([\w-]+)\)/.exec(help)?.[1]
  );
}
