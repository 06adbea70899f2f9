import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunAs } from './installation.ts';

/**
 * Whether that user can read all these files and folders, by really trying: modes alone don't
 * tell (folders above, ACLs, mounts). Without a user to become there is nothing to try.
 */
export function canRead(paths: readonly string[], runAs: RunAs | undefined): boolean {
  if (runAs === undefined) return true;
  const test = paths.map(() => '[ -r "$1" ] && shift').join(' && ');
  const become = [`--reuid=${runAs.user}`, `--regid=${runAs.group}`, '--clear-groups'];
  const tried = spawnSync('setpriv', [...become, 'sh', '-c', test, 'sh', ...paths], { cwd: '/' });
  return tried.status === 0;
}

/**
 * Makes a new temporary folder that the server's user can read. The usual temporary folder may be
 * private to its user, hence the second and third try.
 */
export function makePublicFolder(prefix: string, runAs: RunAs | undefined): string {
  for (const parent of new Set([tmpdir(), '/tmp', '/var/tmp'])) {
    const folder = mkdtempSync(join(parent, prefix));
    chmodSync(folder, 0o755);
    if (canRead([folder], runAs)) return folder;
    rmSync(folder, { recursive: true });
  }
  throw new Error(
    `No temporary folder can be read by the user ${runAs?.user}. ` +
      'Point TMPDIR at a folder that everybody may enter.',
  );
}
