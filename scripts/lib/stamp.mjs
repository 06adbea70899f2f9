// Stamps: what an output was made from, so that a second run does nothing twice.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * One hash over the content of files and folders (whole), and over other facts.
 * @param {string} root @param {readonly string[]} paths below root; a missing one counts as such
 * @param {readonly string[]} facts
 */
export function hashInputs(root, paths, facts = []) {
  const hash = createHash('sha256');
  for (const fact of facts) hash.update(`fact ${fact}\n`);
  for (const path of paths) hashPath(hash, root, path);
  return hash.digest('hex');
}

function hashPath(hash, root, path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  if (stat === undefined) {
    hash.update(`missing ${path}\n`);
  } else if (stat.isDirectory()) {
    for (const name of readdirSync(join(root, path)).sort())
      hashPath(hash, root, `${path}/${name}`);
  } else {
    hash.update(`file ${path} ${stat.size}\n`).update(readFileSync(join(root, path)));
  }
}

/** Whether the outputs exist and were made from inputs with this hash. */
export function isCurrent(stampFile, hash, outputs) {
  return (
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === hash &&
    outputs.every((output) => existsSync(output))
  );
}

/** Notes that the outputs were made from inputs with this hash. */
export function writeStamp(stampFile, hash) {
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, hash);
}
