// Which lines of the C code have run: built by clang, told by llvm-cov.

import { readdirSync } from 'node:fs';
import { relative } from 'node:path';
import { ask, checkout, findProgram, inCheckout, run } from './command.mjs';
import { Complaint } from './output.mjs';

/** @typedef {Map<string, Map<number, boolean>>} Lines by file in the checkout: whether a line ran */

const tree = inCheckout('build', 'coverage');
const programs = `${tree}/native/region/test`;
const folders = ['apache-module', 'native/region'];

/** Builds the module and the tests of the C code so that they write down what of them has run. */
export async function buildCounted() {
  for (const program of ['llvm-profdata', 'llvm-cov']) {
    if (findProgram(program) !== undefined) continue;
    throw new Complaint(`There is no ${program}: install the package llvm, of clang's version.`);
  }
  const options = ['-DMUSE_COVERAGE=ON', '-DCMAKE_BUILD_TYPE=RelWithDebInfo'];
  const compilers = ['-DCMAKE_C_COMPILER=clang', '-DCMAKE_CXX_COMPILER=clang++'];
  const made = await run('cmake', ['-S', checkout, '-B', tree, ...options, ...compilers], {
    quiet: true,
  });
  if (
    made !== 0 ||
    (await run('cmake', ['--build', tree, '--parallel', '2'], { quiet: true })) !== 0
  ) {
    throw new Complaint('The C code could not be built for coverage. The output is above.');
  }
}

/** Runs the tests that are programs; those with sanitizers run the same lines again. */
export function runPrograms(profiles) {
  return run('ctest', ['--test-dir', tree, '--tests-regex', 'plain', '--output-on-failure'], {
    env: { ...process.env, LLVM_PROFILE_FILE: `${profiles}/%cprogram-%p.profraw` },
    quiet: true,
  });
}

/** @returns {Promise<Lines>} the lines of all files in `folders` */
export async function readCLines(profiles) {
  const raw = readdirSync(profiles).filter((name) => name.endsWith('.profraw'));
  const merged = `${profiles}/all.profdata`;
  const inputs = raw.map((name) => `${profiles}/${name}`);
  // One that was cut short is passed over.
  const merge = ['merge', '--failure-mode=all', '-o', merged, ...inputs];
  if ((await run('llvm-profdata', merge, { quiet: true })) !== 0) {
    throw new Complaint('What the C code wrote down could not be read. The output is above.');
  }
  const objects = [`${tree}/mod_muse_ai.so`, ...listPrograms()].flatMap((path, at) =>
    at === 0 ? [path] : ['-object', path],
  );
  const sources = folders.map((folder) => inCheckout(folder));
  const command = ['export', '-format=lcov', `-instr-profile=${merged}`, ...objects, ...sources];
  const lcov = ask('llvm-cov', command);
  if (lcov === undefined) throw new Complaint('llvm-cov could not tell which lines have run.');
  return readLcov(lcov);
}

function listPrograms() {
  return readdirSync(programs)
    .filter((name) => name.endsWith('_plain') && name.startsWith('test_'))
    .map((name) => `${programs}/${name}`);
}

/** @returns {Lines} */
function readLcov(text) {
  const files = new Map();
  let lines = new Map();
  for (const line of text.split('\n')) {
    const [kind, value = ''] = line.split(/:(.*)/s);
    if (kind === 'SF') {
      lines = new Map();
      files.set(relative(checkout, value), lines);
    } else if (kind === 'DA') {
      const [number, count] = value.split(',').map(Number);
      lines.set(number, count > 0);
    }
  }
  return new Map([...files].filter(([name]) => isProduct(name)));
}

function isProduct(name) {
  return name.endsWith('.c') && !/\/(test|fuzz)\//.test(name);
}
