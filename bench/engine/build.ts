import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { quote } from '../../scripts/httpd/base-config.ts';
import { findInstallation } from '../../scripts/httpd/installation.ts';
import type { Httpd } from '../../test/harness/httpd.ts';
import { workshop } from '../compile.ts';

const program = 'engine.js';

/** Bundles the engine that only writes tokens. */
export async function buildTokenEngine(): Promise<string> {
  const outfile = join(workshop, program);
  await build({
    entryPoints: [join(import.meta.dirname, 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'warning',
  });
  return outfile;
}

/** Puts that engine in the place of ours, where the server's user can read it. */
export function useTokenEngine(httpd: Httpd, bundle: string): void {
  const engine = httpd.conf.write(program, readFileSync(bundle));
  copyFileSync(findInstallation().addon, httpd.conf.write('muse_region.node', ''));
  httpd.config.lines(`MuseAiEngine ${quote(engine)}`);
}
