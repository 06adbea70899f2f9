// The npm packages, and the Node that comes as one of them.

import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ask, inCheckout, outerEnvironment, run } from './command.mjs';
import { Complaint, step } from './output.mjs';
import { hashInputs, isCurrent, writeStamp } from './stamp.mjs';

/** Says that nothing more can be installed; gone with the node_modules that it is about. */
const stampFile = join('node_modules', '.muse-stamp');

/** The oldest Node that the engine's libraries and the tests run on. */
const oldest = [22, 19];

/** Installs the npm packages if node_modules is not what package-lock.json says. */
export async function installDependencies() {
  if (areInstalled()) return;
  step('Installing npm packages (npm ci)');
  await runNpmCi(outerEnvironment());
  if (areInstalled()) return;
  // npm leaves out optional packages that say they don't run on its own Node, and that may be too
  // old for them. Now there is a newer one.
  step('Installing them once more, for the newer Node');
  const folder = mkdtempSync(join(tmpdir(), 'muse-node-'));
  try {
    copyFileSync(findNode(), join(folder, 'node'));
    const env = outerEnvironment();
    await runNpmCi({ ...env, NODE_NO_WARNINGS: '1', PATH: `${folder}${delimiter}${env.PATH}` });
    // What is left out even so can't be had here: to try again at each start would not help.
    writeStamp(inCheckout(stampFile), hashInputs(inCheckout(), ['package-lock.json']));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runNpmCi(env) {
  // Warnings would be about the Node that npm runs on, which is not the one that the packages get.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  if ((await run('npm', args, { env })) !== 0) {
    throw new Complaint('npm ci failed. Its output above says why.');
  }
}

/**
 * Whether node_modules is what the lock file says. npm leaves a copy of the lock there, without
 * the optional packages that it left out.
 */
export function areInstalled(root = inCheckout()) {
  const wanted = readLock(`${root}/package-lock.json`);
  const present = readLock(`${root}/node_modules/.package-lock.json`);
  if (wanted === undefined || present === undefined) return false;
  const isSettled = isCurrent(join(root, stampFile), hashInputs(root, ['package-lock.json']), []);
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    if (present[path] === undefined) {
      return entry.optional === true && (isSettled || !isForThisMachine(entry));
    }
    return present[path].version === entry.version;
  });
}

/** Whether an optional package says that it is for this system and processor. */
function isForThisMachine({ os, cpu, libc }) {
  const isGlibc = process.report?.getReport().header.glibcVersionRuntime !== undefined;
  return (
    os?.includes(process.platform) === true &&
    cpu?.includes(process.arch) === true &&
    (libc === undefined || libc.includes(isGlibc ? 'glibc' : 'musl'))
  );
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
