import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { Installation } from '../../scripts/httpd/installation.ts';
import type { Site } from './site.ts';

/** The folder into which all processes write what of them has run; set by `npm run coverage`. */
const folder = process.env.MUSE_COVERAGE;

/** The same installation with the module that writes down what of it has run. */
export function covered(installation: Installation): Installation {
  if (folder === undefined) return installation;
  return { ...installation, module: join(buildOf(installation), 'mod_muse_ai.so') };
}

/** What httpd's environment needs for that. */
export function coverageVariables(installation: Installation): Record<string, string> {
  if (folder === undefined) return {};
  return {
    // One file for each httpd, which its children write too, up to the moment when they are killed.
    LLVM_PROFILE_FILE: join(folder, 'c', '%chttpd-%p.profraw'),
    LD_PRELOAD: join(buildOf(installation), 'without_landlock.so'),
  };
}

/** Whether the engine may write, as it otherwise may not, to tell what of it has run. */
export const isCounted = folder !== undefined;

/** A Node for the engine that writes down what of it has run, when it ends by itself. */
export function coveredNode(node: string, conf: Site): string {
  if (folder === undefined) return node;
  const dumps = join(folder, 'engine');
  const path = conf.write(
    'node-with-coverage',
    [
      '#!/bin/sh',
      'unset LD_PRELOAD LLVM_PROFILE_FILE',
      `export NODE_V8_COVERAGE='${dumps}'`,
      // Which are options of Node's permission model, and wrong without it.
      `case " $* " in *" --permission "*) set -- --allow-inspector --allow-fs-write='${dumps}/*' "$@" ;; esac`,
      `exec env -u PWD '${node}' "$@"`,
      '',
    ].join('\n'),
  );
  chmodSync(path, 0o755);
  return path;
}

function buildOf({ checkout }: Installation): string {
  return join(checkout, 'build', 'coverage');
}
