// npm test: prepares, then runs every check and every test, and closes with "N passed, N failed".
//
//     npm test                          everything
//     npm test -- test/unit/x.test.ts   only these test files, by vitest
//     npm run check                     only what looks at the source: lint, format, types

import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { listCSources } from './lib/c-sources.mjs';
import { inCheckout, run } from './lib/command.mjs';
import { findNode, installDependencies } from './lib/dependencies.mjs';
import { runFaults } from './lib/faults.mjs';
import { buildTargets, fuzzAll, listTargets } from './lib/fuzz.mjs';
import { meetNeeds } from './lib/needs.mjs';
import { bad, Complaint, good, runMain, step } from './lib/output.mjs';
import { buildSanitized, listRuns, sanitizedEnvironment, sanitizers } from './lib/sanitize.mjs';
import { prepare } from './prepare.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

const bin = (name) => inCheckout('node_modules', '.bin', name);
const reports = inCheckout('build', 'reports');

/** Seconds for each fuzz target; `npm run fuzz` takes longer. */
const fuzzFor = 30;

/** Seconds for all faults together; `npm run test:faults` takes longer. */
const faultsFor = 120;

await runMain(async () => {
  const args = process.argv.slice(2);
  if (args.includes('--checks')) {
    await meetNeeds('test');
    await installDependencies();
    return close([await lint(), await clangFormat(), await types()]);
  }
  try {
    await prepare({ tests: true });
  } catch (error) {
    // Whoever reads only the last line must see that nothing was tested.
    bad(`Not ready to test: ${error instanceof Complaint ? error.message : error.stack}`);
    return close([{ passed: 0, failed: 1, skipped: 0 }]);
  }
  if (args.length > 0) return close([await vitest(args)]);
  const checks = [await lint(), await clangFormat(), await types()];
  const fuzzed = [await ctest(), await fuzz(), ...(await sanitize())];
  return close([...checks, ...fuzzed, await vitest([]), await faults()]);
});

/** Adds up and prints the closing line. @param {readonly Counts[]} all */
function close(all) {
  const sum = (name) => all.reduce((total, counts) => total + counts[name], 0);
  const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed${skipped}\n`);
  return sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
}

function lint() {
  return check('Biome: lint and format', bin('biome'), ['check', '--colors=off', '.']);
}

function clangFormat() {
  return check('clang-format', 'clang-format', ['--dry-run', '--Werror', ...listCSources()]);
}

function types() {
  return check('TypeScript', bin('tsc'), ['--noEmit', '-p', inCheckout()]);
}

/** A program that only passes or fails counts as one test. */
async function check(name, program, args) {
  const failed = (await run(program, args, { quiet: true })) !== 0;
  (failed ? bad : good)(name);
  return { passed: failed ? 0 : 1, failed: failed ? 1 : 0, skipped: 0 };
}

async function ctest() {
  step('C tests (ctest)');
  const report = newReport('ctest.xml');
  const status = await run('ctest', [
    ...['--test-dir', inCheckout('build'), '--output-on-failure', '--timeout', '600'],
    ...['--parallel', '2', '--output-junit', report],
  ]);
  const counts = readReport(report, (text) => ({
    passed: attribute(text, 'tests') - attribute(text, 'failures') - attribute(text, 'skipped'),
    failed: attribute(text, 'failures'),
    skipped: attribute(text, 'skipped'),
  }));
  return tell('C tests', status, counts);
}

async function fuzz() {
  try {
    await buildTargets();
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    bad(error.message);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  step(`Fuzzing the C code, each target for ${fuzzFor} seconds`);
  return fuzzAll(listTargets(), { seconds: fuzzFor });
}

/** What there is time for of the tests under each sanitizer. */
async function sanitize() {
  const all = [];
  for (const sanitizer of sanitizers) {
    try {
      await buildSanitized(sanitizer);
    } catch (error) {
      if (!(error instanceof Complaint)) throw error;
      bad(error.message);
      all.push({ passed: 0, failed: 1, skipped: 0 });
      continue;
    }
    step(`The module in httpd under ${sanitizer.what}`);
    for (const args of listRuns(sanitizer, { few: true })) {
      all.push(await runVitest(args, sanitizedEnvironment(sanitizer, { few: true })));
    }
  }
  return all;
}

function faults() {
  step(`Fault runs for ${faultsFor} seconds`);
  return runFaults([String(faultsFor)]);
}

function vitest(filters) {
  step('TypeScript and whole-server tests (vitest)');
  return runVitest(filters, process.env);
}

async function runVitest(args, env) {
  const report = newReport('vitest.json');
  const command = [
    ...[inCheckout('node_modules', 'vitest', 'vitest.mjs'), 'run', ...args],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
  ];
  const status = await run(findNode(), command, { env });
  const counts = readReport(report, (text) => {
    const result = JSON.parse(text);
    return {
      passed: result.numPassedTests,
      failed: result.numFailedTests,
      skipped: result.numPendingTests + result.numTodoTests,
    };
  });
  return tell('vitest', status, counts);
}

/** A run that fails without a failed test (a crash, a file that does not load) counts as one. */
function tell(name, status, counts) {
  const failed = counts.failed === 0 && status !== 0 ? 1 : counts.failed;
  const none = failed === 0 && counts.passed === 0 ? 1 : 0;
  const text = `${name}: ${counts.passed} passed, ${failed + none} failed`;
  (failed + none > 0 ? bad : good)(none > 0 ? `${text} (no test was run)` : text);
  return { ...counts, failed: failed + none };
}

function newReport(name) {
  mkdirSync(reports, { recursive: true });
  rmSync(`${reports}/${name}`, { force: true });
  return `${reports}/${name}`;
}

/** No report means that the runner did not get that far, which its status tells. */
function readReport(path, read) {
  try {
    return read(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

/** An attribute of the outermost element of ctest's report. */
function attribute(xml, name) {
  const opening = /<testsuite\b[^>]*>/.exec(xml)?.[0] ?? '';
  return Number(new RegExp(`\\b${name}="(\\d+)"`).exec(opening)?.[1] ?? 0);
}
