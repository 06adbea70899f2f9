import { join } from 'node:path';
import type { Installation } from './installation.ts';

export type Mpm = 'event' | 'worker' | 'prefork';

export interface BaseConfig {
  readonly installation: Installation;
  readonly serverRoot: string;
  readonly mpm: Mpm;
  /** Names without `mod_` and `.so`, in the order to load them. */
  readonly modules: readonly string[];
  readonly listen: readonly string[];
  readonly serverName: string;
  readonly logLevel: string;
}

/** What any private httpd needs: a stock httpd has these in its files under /etc. */
export const baseModules = [
  'authn_core',
  'authz_core',
  'authz_host',
  'alias',
  'dir',
  'env',
  'headers',
  'mime',
  'rewrite',
  'setenvif',
] as const;

/** Puts a word between quotes for httpd.conf. */
export function quote(word: string): string {
  return `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** The first part of a private httpd.conf, up to where documents and mod_muse_ai come in. */
export function baseConfig(base: BaseConfig): string[] {
  const { installation, serverRoot, runAs } = { ...base, runAs: base.installation.runAs };
  const modules = [`mpm_${base.mpm}`, ...base.modules];
  return [
    `ServerRoot ${quote(serverRoot)}`,
    `ServerName ${base.serverName}`,
    'DefaultRuntimeDir run',
    'PidFile run/httpd.pid',
    'ErrorLog logs/error.log',
    `LogLevel ${base.logLevel}`,
    ...base.listen.map((address) => `Listen ${address}`),
    ...(runAs === undefined ? [] : [`User ${runAs.user}`, `Group ${runAs.group}`]),
    ...modules.map((name) => loadModule(name, join(installation.modulesDir, `mod_${name}.so`))),
    ...(installation.mimeTypes === undefined
      ? []
      : [`TypesConfig ${quote(installation.mimeTypes)}`]),
  ];
}

/** One LoadModule line: httpd's record for `mod_x.so` is called `x_module`. */
export function loadModule(name: string, path: string): string {
  return `LoadModule ${name}_module ${quote(path)}`;
}
