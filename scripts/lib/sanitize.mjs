// Sanitizers over the whole: the module in a real httpd under AddressSanitizer with
// UndefinedBehaviorSanitizer (asan), ThreadSanitizer (tsan) or valgrind's memcheck.

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ask, checkout, inCheckout, run } from './command.mjs';
import { Complaint, step } from './output.mjs';
import { hashInputs, isCurrent, writeStamp } from './stamp.mjs';

/**
 * @typedef {object} Sanitizer
 * @property {string} name its build lies in build/NAME
 * @property {string} what
 * @property {string} [flags] what CMake is told; none: the usual build is looked at
 * @property {readonly string[]} own its own tests, in test/sanitize
 * @property {readonly string[]} tests others that are run under it too
 * @property {readonly string[]} few those that CI has time for
 */

/** @type {readonly Sanitizer[]} */
export const sanitizers = [
  {
    name: 'asan',
    what: 'AddressSanitizer and UndefinedBehaviorSanitizer',
    flags: 'address,undefined',
    own: ['faults', 'paths'],
    tests: ['test/server/', 'test/security/'],
    few: ['test/server/cache-bypass.test.ts', 'test/server/suspended.test.ts'],
  },
  {
    name: 'tsan',
    what: 'ThreadSanitizer',
    flags: 'thread',
    own: ['faults', 'paths', 'crowd'],
    tests: ['test/server/suspended'],
    few: [],
  },
  {
    name: 'valgrind',
    what: "valgrind's memcheck",
    own: ['faults', 'paths'],
    tests: [],
    few: [],
  },
];

const targets = [
  ...['mod_muse_ai', 'mod_muse_ai_other', 'mod_muse_faulty'],
  ...['muse_region_node', 'muse_region_node_other'],
];

/** Builds what is older than its sources. @param {Sanitizer} sanitizer */
export async function buildSanitized({ name, flags }) {
  if (flags === undefined) return;
  const tree = inCheckout('build', name);
  const hash = hashInputs(
    checkout,
    ['CMakeLists.txt', 'apache-module', 'native', 'package-lock.json', 'scripts/lib/sanitize.mjs'],
    [checkout, ask('cc', ['--version']) ?? '', ask('apxs', ['-q', 'HTTPD_VERSION']) ?? ''],
  );
  const outputs = [`${tree}/mod_muse_ai.so`, `${tree}/muse_region.node`];
  if (isCurrent(`${tree}/.stamp`, hash, outputs)) return;
  step(`Building the module and the add-on with ${flags} (build/${name}/)`);
  await must('cmake', [
    ...['-S', checkout, '-B', tree, `-DMUSE_SANITIZE=${flags}`],
    '-DCMAKE_BUILD_TYPE=RelWithDebInfo',
  ]);
  const all = flags === 'thread' ? [...targets, 'muse_apr_atomics'] : targets;
  const jobs = String(availableParallelism());
  await must('cmake', ['--build', tree, '--parallel', jobs, '--target', ...all]);
  for (const output of outputs) {
    if (!existsSync(output)) throw new Complaint(`The build did not make ${output}.`);
  }
  writeStamp(`${tree}/.stamp`, hash);
}

async function must(program, args) {
  if ((await run(program, args, { quiet: true })) === 0) return;
  throw new Complaint(`The sanitized build failed: ${[program, ...args].join(' ')}`);
}

/**
 * What vitest is told to run under a sanitizer, one list of arguments for each of its runs.
 * @param {Sanitizer} sanitizer
 * @param {{ files?: readonly string[], few?: boolean }} options `files`: these and no others;
 *   `few`: what CI has time for
 */
export function listRuns({ own, tests, few: short }, { files = [], few = false } = {}) {
  const isOwn = (file) => file.startsWith('test/sanitize/');
  const others = few ? short : tests;
  const [ownFiles, otherFiles] =
    files.length > 0 ? [files.filter(isOwn), files.filter((file) => !isOwn(file))] : [own, others];
  // Its own have a configuration of theirs: without a sanitizer they make no sense.
  const config = ['--config', 'test/sanitize/vitest.config.ts'];
  return [
    ...(ownFiles.length > 0 ? [[...config, ...ownFiles]] : []),
    ...(otherFiles.length > 0 ? [[...otherFiles]] : []),
  ];
}

/** The environment that the harness (test/harness/sanitizer.ts) and the tests look at. */
export function sanitizedEnvironment({ name }, { few = false } = {}) {
  const streams = name === 'tsan' && !few ? 10_000 : 2000;
  return { ...process.env, MUSE_SANITIZE: name, MUSE_STREAMS: String(streams) };
}
