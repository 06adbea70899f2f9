// What has to be on the machine besides Node and npm, why, and how to get it.

import { existsSync, readdirSync } from 'node:fs';
import { ask, findProgram, run } from './command.mjs';
import { Complaint, detail, step } from './output.mjs';

/**
 * @typedef {object} Need
 * @property {string} what what is looked for
 * @property {string} why
 * @property {string} debian the package that has it on Debian and Ubuntu
 * @property {'run' | 'build' | 'test'} purpose `test` includes `build`, which includes `run`
 * @property {() => boolean} isMet
 */

/** @type {readonly Need[]} */
export const needs = [
  {
    what: 'Apache httpd (apache2)',
    why: 'to serve',
    debian: 'apache2-bin',
    purpose: 'run',
    isMet: () => hasProgram('apache2') || hasProgram('httpd'),
  },
  {
    what: 'the table of file types (/etc/mime.types)',
    why: 'for httpd to name the types of files',
    debian: 'media-types',
    purpose: 'run',
    isMet: () => existsSync('/etc/mime.types') || existsSync('/etc/apache2/mime.types'),
  },
  {
    what: "httpd's headers and apxs",
    why: 'to compile the module',
    debian: 'apache2-dev',
    purpose: 'build',
    isMet: () => hasProgram('apxs') || hasProgram('apxs2'),
  },
  {
    what: 'a C compiler (cc)',
    why: 'to compile the module and the shared memory library',
    debian: 'gcc',
    purpose: 'build',
    isMet: () => hasProgram('cc'),
  },
  {
    what: 'a C++ compiler (c++)',
    why: "to compile the engine's add-on",
    debian: 'g++',
    purpose: 'build',
    isMet: () => hasProgram('c++'),
  },
  {
    what: "the C library's headers",
    why: 'to compile anything',
    debian: 'libc6-dev',
    purpose: 'build',
    isMet: () => existsSync('/usr/include/stdio.h'),
  },
  {
    what: 'make',
    why: 'to build',
    debian: 'make',
    purpose: 'build',
    isMet: () => hasProgram('make'),
  },
  {
    what: 'CMake 3.22 or newer',
    why: 'to build',
    debian: 'cmake',
    purpose: 'build',
    isMet: hasCmake,
  },
  {
    what: 'openssl',
    why: 'to make certificates for the tests of TLS',
    debian: 'openssl',
    purpose: 'test',
    isMet: () => hasProgram('openssl'),
  },
  {
    what: 'clang-format',
    why: 'to check the format of the C code',
    debian: 'clang-format',
    purpose: 'test',
    isMet: () => hasProgram('clang-format'),
  },
  {
    what: 'clang',
    why: 'to fuzz the C code',
    debian: 'clang',
    purpose: 'test',
    isMet: () => hasProgram('clang'),
  },
  {
    what: "clang's fuzzer and sanitizers",
    why: 'to fuzz the C code',
    debian: 'libclang-rt-dev',
    purpose: 'test',
    isMet: hasFuzzer,
  },
  {
    what: 'valgrind',
    why: "to see what the module does with httpd's memory",
    debian: 'valgrind',
    purpose: 'test',
    isMet: () => hasProgram('valgrind'),
  },
  {
    what: 'a C compiler for 32 bits (cc -m32)',
    why: 'to test the shared memory library where addresses are short',
    debian: 'gcc-multilib',
    purpose: 'test',
    isMet: () =>
      process.arch !== 'x64' ||
      existsSync('/usr/include/x86_64-linux-gnu/gnu/stubs-32.h') ||
      existsSync('/usr/include/gnu/stubs-32.h'),
  },
  {
    what: 'Chromium',
    why: 'to see what pages do in a browser',
    debian: 'chromium',
    purpose: 'test',
    isMet: () => hasProgram('chromium'),
  },
];

const purposes = ['run', 'build', 'test'];

/** The needs for a purpose that are not met. */
export function findMissing(purpose, all = needs) {
  const wanted = purposes.slice(0, purposes.indexOf(purpose) + 1);
  return all.filter((need) => wanted.includes(need.purpose) && !need.isMet());
}

/**
 * Installs what is missing with apt-get, or says what a person has to install.
 * @param {'run' | 'build' | 'test'} purpose
 */
export async function meetNeeds(purpose) {
  const missing = findMissing(purpose);
  if (missing.length === 0) return;
  step('Not on this machine yet:');
  for (const need of missing) detail(`${need.what}, ${need.why} (package ${need.debian})`);
  const packages = [...new Set(missing.map((need) => need.debian))];
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...packages];
  const become = findBecome();
  if (findProgram('apt-get') === undefined || become === undefined) {
    throw new Complaint(explain(install, packages));
  }
  step(`Installing: ${[...become, ...install].join(' ')}`);
  await aptGet([...become, 'apt-get', 'update']);
  await aptGet([...become, ...install]);
  const still = findMissing(purpose);
  if (still.length > 0) {
    const list = still.map((need) => `  ${need.what}, ${need.why}`).join('\n');
    throw new Complaint(`Still missing after the installation:\n${list}`);
  }
}

/** What to put before a command to be root: nothing, sudo, or undefined if there is no way. */
function findBecome() {
  if (process.getuid?.() === 0) return [];
  return findProgram('sudo') === undefined ? undefined : ['sudo'];
}

function explain(install, packages) {
  const how =
    findProgram('apt-get') === undefined
      ? 'This machine has no apt-get. Install what these Debian packages hold, by the names that ' +
        `your system has for them:\n  ${packages.join(' ')}`
      : `You are not root and there is no sudo. Run as root:\n  ${install.join(' ')}`;
  return `${how}\nThen start again.`;
}

async function aptGet([program, ...args]) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  if ((await run(program, args, { env, quiet: process.env.CI !== undefined })) === 0) return;
  throw new Complaint(`This failed: ${[program, ...args].join(' ')}. Its output says why.`);
}

function hasProgram(name) {
  return findProgram(name) !== undefined;
}

/** Not all packages of clang bring what it links with for this. */
function hasFuzzer() {
  const folder = ask('clang', ['-print-runtime-dir'])?.trim();
  return (
    folder !== undefined &&
    existsSync(folder) &&
    readdirSync(folder).some((name) => name.startsWith('libclang_rt.fuzzer_no_main'))
  );
}

function hasCmake() {
  const version = /version (\d+)\.(\d+)/.exec(ask('cmake', ['--version']) ?? '');
  if (version === null) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > 3 || (major === 3 && minor >= 22);
}
