import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The user that httpd's children and the engine become when httpd is started by root. */
export interface RunAs {
  readonly user: string;
  readonly group: string;
}

/** Where everything lies that a private httpd with mod_muse_ai is made of. */
export interface Installation {
  readonly checkout: string;
  readonly httpd: string;
  readonly modulesDir: string;
  readonly mimeTypes: string | undefined;
  readonly module: string;
  readonly node: string;
  readonly engine: string;
  /** The bundle of the command `muse`. */
  readonly command: string;
  readonly addon: string;
  /** Undefined when not root: httpd then stays the user who started it. */
  readonly runAs: RunAs | undefined;
}

const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Finds httpd and names the outputs of the build, which need not exist yet. */
export function findInstallation(): Installation {
  return {
    checkout,
    httpd: firstThatExists('the httpd program', 'MUSE_HTTPD', [
      '/usr/sbin/apache2',
      '/usr/sbin/httpd',
    ]),
    modulesDir: firstThatExists("httpd's modules", 'MUSE_HTTPD_MODULES', [
      '/usr/lib/apache2/modules',
      '/usr/lib64/httpd/modules',
    ]),
    mimeTypes: ['/etc/mime.types', '/etc/apache2/mime.types'].find((path) => existsSync(path)),
    module: join(checkout, 'build', 'mod_muse_ai.so'),
    node: realpathSync(join(checkout, 'node_modules', 'node', 'bin', 'node')),
    engine: join(checkout, 'dist', 'engine.js'),
    command: join(checkout, 'dist', 'muse.js'),
    addon: join(checkout, 'build', 'muse_region.node'),
    runAs: process.getuid?.() === 0 ? { user: 'www-data', group: 'www-data' } : undefined,
  };
}

function firstThatExists(what: string, variable: string, usual: readonly string[]): string {
  const told = process.env[variable];
  const candidates = told === undefined ? usual : [told];
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    `Cannot find ${what} at ${candidates.join(' or ')}. ` +
      `Install the package apache2-bin, or name the place in the environment: ${variable}=/path.`,
  );
}
