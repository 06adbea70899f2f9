import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Installation } from '../../scripts/httpd/installation.ts';
import { makeReadableFolder, type Site } from './site.ts';

/** What watches over httpd's memory and threads: `MUSE_SANITIZE` in the environment says it. */
export type SanitizerName = 'asan' | 'tsan' | 'valgrind';

/** Where reports of one httpd go, and what they are made by. */
export interface Sanitizer {
  readonly name: SanitizerName;
  /** Put before httpd's own command. */
  readonly launcher: readonly string[];
  /** Added to httpd's environment. */
  readonly env: Readonly<Record<string, string>>;
}

const names: readonly SanitizerName[] = ['asan', 'tsan', 'valgrind'];
const checkout = join(import.meta.dirname, '..', '..');

/** The sanitizer that was asked for, if any. */
export function sanitizerName(): SanitizerName | undefined {
  const asked = process.env.MUSE_SANITIZE ?? '';
  const found = names.find((name) => name === asked);
  if (found === undefined && asked !== '') {
    throw new Error(`MUSE_SANITIZE is "${asked}"; it can be ${names.join(', ')}`);
  }
  return found;
}

/** The same installation with the module and the add-on that were built for the sanitizer. */
export function sanitized(installation: Installation): Installation {
  const name = sanitizerName();
  if (name === undefined || name === 'valgrind') return installation;
  const build = join(installation.checkout, 'build', name);
  return {
    ...installation,
    module: join(build, 'mod_muse_ai.so'),
    // ThreadSanitizer has to be there from a program's start, and Node's own threads are not for it.
    addon: name === 'asan' ? join(build, 'muse_region.node') : installation.addon,
  };
}

/** Makes `reports` ready for one httpd, whose children write into it as another user. */
export function prepareSanitizer(reports: string, conf: Site): Sanitizer | undefined {
  const name = sanitizerName();
  if (name === undefined) return undefined;
  makeReadableFolder(reports);
  chmodSync(reports, 0o1777);
  const log = join(reports, 'report');
  switch (name) {
    case 'asan':
      return { name, launcher: unspread(), env: asan(log, suppressions('lsan', conf)) };
    case 'tsan':
      return { name, launcher: unspread(), env: tsan(log, suppressions('tsan', conf)) };
    case 'valgrind':
      return { name, launcher: valgrind(log, suppressions('valgrind', conf)), env: {} };
  }
}

/** Of freed memory so much is kept from being used again: tests look at how much there is in all. */
const quarantine = 'quarantine_size_mb=16';

function asan(log: string, supp: string): Record<string, string> {
  return {
    LD_PRELOAD: libraries('libasan.so'),
    ASAN_OPTIONS: [`log_path=${log}`, quarantine, 'detect_stack_use_after_return=1'].join(':'),
    // What this finds goes to stderr, which is httpd's error log.
    UBSAN_OPTIONS: 'print_stacktrace=1',
    LSAN_OPTIONS: `suppressions=${supp}:print_suppressions=0`,
  };
}

function tsan(log: string, supp: string): Record<string, string> {
  // httpd hands requests from thread to thread with these, which would else not be seen.
  const atomics = join(checkout, 'build', 'tsan', 'muse_apr_atomics.so');
  return {
    LD_PRELOAD: `${libraries('libtsan.so')} ${atomics}`,
    TSAN_OPTIONS: [
      `log_path=${log}`,
      `suppressions=${supp}`,
      'print_suppressions=0',
      // httpd, APR and what they use were compiled without: what they write is not seen, so what
      // the C library writes for them must not be looked at either.
      'ignore_noninstrumented_modules=1',
      'history_size=4',
    ].join(':'),
  };
}

function valgrind(log: string, supp: string): readonly string[] {
  return [
    ...['valgrind', '--quiet', '--leak-check=full', '--show-leak-kinds=definite'],
    ...['--errors-for-leak-kinds=definite', '--num-callers=24', '--keep-debuginfo=yes'],
    ...[`--suppressions=${supp}`, `--log-file=${log}.%p`],
  ];
}

/** Findings that are others', where every process of httpd can read them. */
function suppressions(name: string, conf: Site): string {
  const file = `${name}.supp`;
  return conf.write(file, readFileSync(join(checkout, 'test', 'sanitize', file)));
}

/** The sanitizer's own library, as the compiler links it. */
function libraries(...files: readonly string[]): string {
  return files
    .map((file) => {
      const path = execFileSync('cc', [`-print-file-name=${file}`], { encoding: 'utf8' }).trim();
      if (isAbsolute(path)) return path;
      throw new Error(`cc has no ${file}: this needs GCC (apt-get install gcc) as the compiler`);
    })
    .join(' ');
}

/** Older sanitizers fail where the kernel spreads addresses widely; so nothing is spread. */
function unspread(): readonly string[] {
  return spawnSync('setarch', ['-R', 'true']).status === 0 ? ['setarch', '-R'] : [];
}

/** What an engine's environment holds on top of what httpd gives it. */
export function engineVariables(): readonly string[] {
  return sanitizerName() === 'asan' ? ['ASAN_OPTIONS', 'LD_PRELOAD', 'UBSAN_OPTIONS'] : [];
}

/**
 * A Node for the engine that has AddressSanitizer in it, as the add-on needs. What it finds it
 * says on stderr, which httpd's error log gets: the engine may write no file.
 */
export function sanitizedNode(node: string, conf: Site): string {
  if (sanitizerName() !== 'asan') return node;
  // Node has a C++ library of its own inside, whose exceptions are none of the add-on's.
  const preload = libraries('libasan.so', 'libstdc++.so.6');
  const path = conf.write(
    'sanitized-node',
    [
      '#!/bin/sh',
      `exec env -u PWD LD_PRELOAD='${preload}' ASAN_OPTIONS=detect_leaks=0:${quarantine} \\`,
      `  UBSAN_OPTIONS=print_stacktrace=1 '${node}' "$@"`,
      '',
    ].join('\n'),
  );
  chmodSync(path, 0o755);
  return path;
}

/** All that was reported, and is removed with that. */
export function takeReports(reports: string): string {
  return readdirSync(reports)
    .map((name) => join(reports, name))
    .map((path) => {
      // An older valgrind tells so of system calls that it does not know: Landlock's are new.
      const text = readFileSync(path, 'utf8').replaceAll(/^--\d+-- .*\n?/gm, '');
      rmSync(path);
      return text.trim() === '' ? '' : `${text}\n`;
    })
    .join('');
}
