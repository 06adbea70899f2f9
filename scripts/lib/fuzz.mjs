// Fuzzing: builds the targets of libFuzzer (native/fuzz, apache-module/fuzz) and runs them.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ask, checkout, findProgram, inCheckout, run } from './command.mjs';
import { bad, Complaint, detail, good, step } from './output.mjs';
import { hashInputs, isCurrent, writeStamp } from './stamp.mjs';

/** @typedef {{ name: string, folder: string }} Target `folder` has its corpus and dictionary */
/** @typedef {{ seconds: number } | { runs: number }} Limit of the work on each target */

const folders = ['native/fuzz', 'apache-module/fuzz'];
const tree = inCheckout('build', 'fuzz');

/** Inputs of one round are tried for at most so many seconds each: whatever takes longer hangs. */
const hangsAfter = 25;

/**
 * Memory that was freed is watched for a shorter while, and is told of with fewer frames: half as
 * fast again. Whoever runs an input again gets all of them.
 */
const asanOptions = 'quarantine_size_mb=8:malloc_context_size=4';

/** All targets: each has a corpus. */
export function listTargets() {
  return folders.flatMap((folder) =>
    readdirSync(inCheckout(folder, 'corpus')).map((name) => ({ name, folder })),
  );
}

/** Builds what is older than its sources. */
export async function buildTargets() {
  const hash = hashInputs(
    checkout,
    ['CMakeLists.txt', 'apache-module', 'native', 'scripts/lib/fuzz.mjs'],
    [checkout, ask('clang', ['--version']) ?? '', ask('apxs', ['-q', 'HTTPD_VERSION']) ?? ''],
  );
  const stamp = `${tree}/.stamp`;
  const outputs = listTargets().map(({ name }) => `${tree}/bin/${name}`);
  if (isCurrent(stamp, hash, outputs)) return;
  step('Building the fuzz targets (build/fuzz/)');
  await must('cmake', [
    ...['-S', checkout, '-B', tree, '-DMUSE_FUZZ=ON', '-DCMAKE_BUILD_TYPE=RelWithDebInfo'],
    ...['-DCMAKE_C_COMPILER=clang', '-DCMAKE_CXX_COMPILER=clang++'],
  ]);
  await must('cmake', ['--build', tree, '--parallel', String(availableParallelism())]);
  writeStamp(stamp, hash);
}

async function must(program, args) {
  if ((await run(program, args, { quiet: true })) === 0) return;
  throw new Complaint(`The fuzz targets were not built: ${[program, ...args].join(' ')}`);
}

/**
 * Fuzzes each target, two at a time, and says what was found.
 * @param {readonly Target[]} targets @param {Limit} limit
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>}
 */
export async function fuzzAll(targets, limit) {
  const waiting = [...targets];
  let failed = 0;
  const work = async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      if (!(await fuzzOne(target, limit))) failed += 1;
    }
  };
  await Promise.all([work(), work()]);
  return { passed: targets.length - failed, failed, skipped: 0 };
}

/** @returns {Promise<boolean>} whether nothing was found */
async function fuzzOne({ name, folder }, limit) {
  const found = inCheckout('build', 'fuzz', 'found');
  const own = inCheckout('build', 'fuzz', 'corpus', name);
  for (const path of [found, own]) mkdirSync(path, { recursive: true });
  const dictionary = inCheckout(folder, 'dictionary', `${name}.dict`);
  const program = [...launcher(), `${tree}/bin/${name}`];
  const from = performance.now();
  const { status, output } = await collect([
    ...program,
    'runs' in limit ? `-runs=${limit.runs}` : `-max_total_time=${limit.seconds}`,
    ...[`-timeout=${hangsAfter}`, '-print_final_stats=1'],
    ...[`-artifact_prefix=${found}/${name}-`, '-verbosity=1', '-reload=0'],
    ...(existsSync(dictionary) ? [`-dict=${dictionary}`] : []),
    // New inputs go into the first; the second is what is committed.
    ...[own, inCheckout(folder, 'corpus', name)],
  ]);
  const executions = Number(/number_of_executed_units: (\d+)/.exec(output)?.[1] ?? 0);
  if (status === 0 && executions > 0) {
    const reached = /DONE +cov: (\d+) ft: (\d+)/.exec(output)?.slice(1) ?? [];
    good(
      `${name}: ${executions.toLocaleString('en')} executions without a finding ` +
        `in ${Math.round((performance.now() - from) / 1000)} s (coverage ${reached.join('/')})`,
    );
    return true;
  }
  const log = `${found}/${name}.log`;
  writeFileSync(log, output);
  explain({ name, folder, program, log, output });
  return false;
}

/** Says what was found, and how to see it again. */
function explain({ name, folder, program, log, output }) {
  bad(`${name}: the fuzzer found something, or could not run`);
  const telling = /does not hold|runtime error|ERROR: |SUMMARY|^AH\d+|Syntax error/;
  detail(
    output
      .split('\n')
      .filter((line) => telling.test(line))
      .slice(0, 8)
      .join('\n'),
  );
  const input = /Test unit written to (\S+)/.exec(output)?.[1];
  detail(`All that it said is in ${log}`);
  if (input === undefined) return;
  detail(`The input is kept; run it again with:\n  ${[...program, input].join(' ')}`);
  detail(`Once mended, keep it as a test: cp ${input} ${folder}/corpus/${name}/`);
}

/** Older sanitizers fail where the kernel spreads addresses widely; so nothing is spread. */
function launcher() {
  const setarch = findProgram('setarch');
  return setarch !== undefined && ask(setarch, ['-R', 'true']) !== undefined ? [setarch, '-R'] : [];
}

function collect([program, ...args]) {
  return new Promise((done, failed) => {
    const child = spawn(program, args, {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? asanOptions },
    });
    const pieces = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (d) => pieces.push(d));
    child.once('error', failed);
    child.once('close', (code) => {
      done({ status: code ?? 1, output: Buffer.concat(pieces).toString('latin1') });
    });
  });
}

/**
 * Adds what was found on the way to the committed corpus: the fewest inputs that reach all that
 * is reached.
 * @param {readonly Target[]} targets
 */
export async function keepCorpora(targets) {
  for (const { name, folder } of targets) {
    const own = inCheckout('build', 'fuzz', 'corpus', name);
    const committed = inCheckout(folder, 'corpus', name);
    const { status, output } = await collect([
      ...[
        ...launcher(),
        `${tree}/bin/${name}`,
        '-set_cover_merge=1',
        '-max_len=1024',
        committed,
        own,
      ],
    ]);
    if (status !== 0) throw new Complaint(`${name}: the corpora were not merged:\n${output}`);
    const sizes = readdirSync(committed).map((file) => statSync(`${committed}/${file}`).size);
    good(`${name}: ${sizes.length} inputs, ${sizes.reduce((a, b) => a + b, 0)} bytes`);
  }
}
