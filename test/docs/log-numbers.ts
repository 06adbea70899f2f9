import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkout } from './document.ts';

/** A log number where a source uses it. */
export interface NumberUse {
  readonly number: string;
  readonly file: string;
  /** httpd's names of the levels that the statement can log at. */
  readonly levels: readonly string[];
}

const LEVELS: Readonly<Record<string, string>> = {
  CRIT: 'crit',
  ERR: 'error',
  WARNING: 'warn',
  NOTICE: 'notice',
  INFO: 'info',
  DEBUG: 'debug',
};

/** Every `MUSE0nnn` in the httpd module's sources, with the levels of its statement. */
export function numbersInModule(): NumberUse[] {
  return sources('apache-module', '.c').flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    return [...text.matchAll(/"(MUSE\d{4})/g)].map((match) => ({
      number: match[1] ?? '',
      file: basename(file),
      levels: levelsOf(statementAround(text, match.index)),
    }));
  });
}

/** Every `MUSE0nnn` in the engine's sources. */
export function numbersInEngine(): { readonly number: string; readonly file: string }[] {
  return engineSources().flatMap(({ file, text }) =>
    [...text.matchAll(/\bMUSE\d{4}\b/g)].map(([number]) => ({ number, file })),
  );
}

/** The engine's sources, by path in the checkout. */
export function engineSources(): { readonly file: string; readonly text: string }[] {
  return sources('src', '.ts').map((path) => ({
    file: path.slice(checkout.length + 1),
    text: readFileSync(path, 'utf8'),
  }));
}

function sources(folder: string, suffix: string): string[] {
  return readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(suffix))
    .map((name) => join(checkout, folder, name))
    .sort();
}

function statementAround(text: string, at: number): string {
  const start = Math.max(text.lastIndexOf('ap_log_', at), text.lastIndexOf('say_once(', at));
  return text.slice(start, text.indexOf(';\n', at));
}

function levelsOf(statement: string): string[] {
  const found = [...statement.matchAll(/\bAPLOG_([A-Z]+)\b/g)].map(([, name = '']) => LEVELS[name]);
  return [...new Set(found.filter((level) => level !== undefined))];
}
