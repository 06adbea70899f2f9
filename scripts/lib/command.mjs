// Running other programs.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this checkout. */
export const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A path in this checkout. */
export function inCheckout(...names) {
  return join(checkout, ...names);
}

/**
 * The path of a program, or undefined. /usr/sbin counts too: it isn't in everybody's PATH.
 * @param {string} name
 */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/**
 * What a program prints, or undefined if it can't be run or fails.
 * @param {string} program @param {readonly string[]} args
 */
export function ask(program, args) {
  const answer = spawnSync(program, args, { encoding: 'utf8', cwd: checkout, maxBuffer: 2 ** 28 });
  return answer.status === 0 ? answer.stdout : undefined;
}

/**
 * Runs a program to its end with our own terminal, and returns its exit status.
 * With `quiet` its output is kept back and shown only if it fails.
 * @param {string} program @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, quiet?: boolean }} options
 * @returns {Promise<number>}
 */
export function run(program, args, { env = process.env, quiet = false } = {}) {
  return new Promise((done, failed) => {
    const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit';
    const child = spawn(program, args, { cwd: checkout, env, stdio });
    const output = [];
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    child.once('error', failed);
    child.once('close', (code, signal) => {
      const status = code ?? 128 + (constants.signals[signal] ?? 0);
      if (quiet && status !== 0) process.stdout.write(Buffer.concat(output));
      done(status);
    });
  });
}

/**
 * The environment with PATH as it is outside of npm. npm puts node_modules/.bin first, where the
 * package `node` lies: an `npm ci` must not run on the very Node that it removes.
 */
export function outerEnvironment() {
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith(join('node_modules', '.bin')))
    .join(delimiter);
  return { ...process.env, PATH: path };
}
