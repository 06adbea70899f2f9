// The npm packages, and the Node that comes as one of them.

import { readFileSync } from 'node:fs';
import { ask, inCheckout, outerEnvironment, run } from './command.mjs';
import { Complaint, step } from './output.mjs';

/** The oldest Node that the engine's libraries and the tests run on. */
const oldest = [22, 19];

/** Installs the npm packages if node_modules is not what package-lock.json says. */
export async function installDependencies() {
  if (areInstalled()) return;
  step('Installing npm packages (npm ci)');
  // Warnings would be about the Node that npm runs on, which is not the one that the packages get.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  if ((await run('npm', args, { env: outerEnvironment() })) !== 0) {
    throw new Complaint('npm ci failed. Its output above says why.');
  }
}

/**
 * Whether node_modules is what the lock file says. npm leaves a copy of the lock there, without
 * what this platform has no use for.
 */
export function areInstalled(root = inCheckout()) {
  const wanted = readLock(`${root}/package-lock.json`);
  const present = readLock(`${root}/node_modules/.package-lock.json`);
  if (wanted === undefined || present === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    if (present[path] === undefined) return entry.optional === true;
    return present[path].version === entry.version;
  });
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
  } catch (error) {
    // No file, or one that an interrupted installation left half-written: not installed.
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The Node to run the engine and the tests on: the packaged one, else this one if it will do. */
export function findNode() {
  const packaged = inCheckout('node_modules', 'node', 'bin', 'node');
  for (const candidate of [packaged, process.execPath]) {
    const version = ask(candidate, ['--version']);
    if (version !== undefined && isNewEnough(version)) return candidate;
  }
  throw new Complaint(
    `Node ${oldest.join('.')} or newer is needed. The npm package "node" brings one, but ` +
      `${packaged} is not there: run "npm rebuild node", or install a newer Node.`,
  );
}

/** @param {string} version such as v22.19.0 */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}
