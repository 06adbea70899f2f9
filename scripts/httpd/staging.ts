import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Installation } from './installation.ts';
import { canRead, makePublicFolder } from './public-folder.ts';

/**
 * Makes sure that the server's user can run the engine. A checkout below a private home folder
 * can't be entered by www-data; then the engine, its add-on and the Node binary are put into a
 * world-readable folder, once for each build, and the installation that is returned names those.
 */
export function stageEngine(installation: Installation): Installation {
  const { node, engine, addon, runAs } = installation;
  const missing = [node, engine, addon].find((file) => !exists(file));
  if (missing !== undefined) {
    throw new Error(`There is no ${missing}. Run "npm run build" first.`);
  }
  const found = addon === join(installation.checkout, 'build', basename(addon));
  if (found && canRead([node, engine, addon], runAs)) return installation;
  const folder = stageFiles(installation, [node, engine, addon]);
  return {
    ...installation,
    node: join(folder, basename(node)),
    engine: join(folder, basename(engine)),
    addon: join(folder, basename(addon)),
  };
}

function stageFiles(installation: Installation, files: readonly string[]): string {
  const fresh = makePublicFolder('mod_muse_ai-', installation.runAs);
  const home = join(
    dirname(fresh),
    `mod_muse_ai-stage-${hash([installation.checkout, installation.addon])}`,
  );
  const staged = join(home, hash(files.map(fingerprint)));
  try {
    makeOwnFolder(home);
    if (!exists(staged)) {
      for (const file of files) put(file, join(fresh, basename(file)));
      removeOthers(home, staged);
      moveUnlessThere(fresh, staged);
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return staged;
}

/** The name can be guessed by others, so a folder that is not ours is never used. */
function makeOwnFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const { uid, mode } = lstatSync(folder);
  const writableByOthers = (mode & 0o022) !== 0;
  if (uid !== process.getuid?.() || writableByOthers || !lstatSync(folder).isDirectory()) {
    throw new Error(`${folder} belongs to somebody else. Remove it and try again.`);
  }
  chmodSync(folder, 0o755);
}

/** A hard link costs nothing; across file systems it has to be a copy. */
function put(from: string, to: string): void {
  const mode = (statSync(from).mode & 0o111) === 0 ? 0o644 : 0o755;
  const worldReadable = (statSync(from).mode & 0o004) !== 0;
  try {
    if (!worldReadable) throw new Error('a link would keep the private mode');
    linkSync(from, to);
  } catch {
    // Another file system, a private mode, or links forbidden: each of them ends in a copy.
    copyFileSync(from, to);
    chmodSync(to, mode);
  }
}

/** Not the same build: another process may have put it there just now, and its engine may use it. */
function removeOthers(home: string, staged: string): void {
  for (const name of readdirSync(home)) {
    if (name !== basename(staged)) rmSync(join(home, name), { recursive: true, force: true });
  }
}

function moveUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    // Another process may have staged the same build in the meantime, which is as good.
    if (!exists(to)) throw error;
  }
}

function fingerprint(file: string): string {
  const { size, mtimeMs } = statSync(file);
  return `${file} ${size} ${mtimeMs}`;
}

function hash(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
