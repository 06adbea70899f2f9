// npm run coverage: which lines of src/ and of the C code the tests reach.
//
//     npm run coverage                       all tests; fails below what is wanted
//     npm run coverage test/server/x.test.ts only these; says which lines they reach
//     npm run coverage -- --lines            names the lines that nothing reaches
//
// The tests' own processes are counted by vitest; the engines and commands that they start, by Node;
// the module, in every process of httpd, by clang. Fuzzing is not counted.

import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inCheckout, run } from './lib/command.mjs';
import { buildCounted, readCLines, runPrograms } from './lib/coverage-c.mjs';
import { readTsLines } from './lib/coverage-ts.mjs';
import { findNode } from './lib/dependencies.mjs';
import { bad, detail, good, runMain, step } from './lib/output.mjs';
import { prepare } from './prepare.mjs';

/** Percent of lines. */
const wanted = { 'src/': 90, 'the C code': 85 };
const vitestReport = inCheckout('build', 'reports', 'coverage');

await runMain(async () => {
  const args = process.argv.slice(2);
  const tests = args.filter((arg) => !arg.startsWith('--'));
  await prepare({ tests: true });
  step('Building the module so that it counts (build/coverage/)');
  await buildCounted();
  const work = join(tmpdir(), `muse-coverage-${process.pid}`);
  for (const folder of ['', 'c', 'engine', 'own']) {
    mkdirSync(join(work, folder), { recursive: true });
    // httpd's children and the engine are another user.
    chmodSync(join(work, folder), 0o1777);
  }
  try {
    const failed = await runTests(work, tests);
    const short = await tell(work, args.includes('--lines'));
    return failed || (short && tests.length === 0) ? 1 : 0;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});

/** Runs the tests; whether any failed. */
async function runTests(work, tests) {
  step('C tests');
  let failed = (await runPrograms(join(work, 'c'))) !== 0;
  step('TypeScript and whole-server tests');
  const status = await run(
    findNode(),
    [
      ...[inCheckout('node_modules', 'vitest', 'vitest.mjs'), 'run', ...tests],
      ...['--coverage.enabled', '--coverage.provider=v8', '--coverage.reporter=json'],
      ...['--coverage.include=src/**/*.ts', `--coverage.reportsDirectory=${vitestReport}`],
      ...['--coverage.reportOnFailure', '--reporter=dot'],
    ],
    { env: { ...process.env, MUSE_COVERAGE: work, NODE_V8_COVERAGE: join(work, 'own') } },
  );
  failed ||= status !== 0;
  if (failed) bad('Some tests failed; what they would have reached is missing below.');
  return failed;
}

/** Says how much was reached; whether that is less than wanted. */
async function tell(work, withLines) {
  const all = {
    'src/': await readTsLines(
      join(vitestReport, 'coverage-final.json'),
      [join(work, 'engine'), join(work, 'own')],
      work,
    ),
    'the C code': await readCLines(join(work, 'c')),
  };
  let short = false;
  for (const [name, files] of Object.entries(all)) {
    const counts = [...files].map(([file, lines]) => ({ file, ...count(lines) }));
    const sum = (field) => counts.reduce((total, one) => total + one[field], 0);
    const percent = (100 * sum('ran')) / sum('lines');
    const text = `${percent.toFixed(1)} % of ${name} (${sum('ran')} of ${sum('lines')} lines)`;
    step(`Of ${name}, by file, those with most that nothing reaches first`);
    for (const one of counts.filter(({ missed }) => missed.length > 0).sort(byMissed)) {
      const lines = withLines ? `: ${ranges(one.missed)}` : '';
      detail(`${one.file} ${one.ran} of ${one.lines}${lines}`);
    }
    const enough = percent >= wanted[name];
    (enough ? good : bad)(`${text}; wanted are ${wanted[name]} %`);
    short ||= !enough;
  }
  return short;
}

function count(lines) {
  const missed = [...lines].filter(([, ran]) => !ran).map(([line]) => line);
  return { lines: lines.size, ran: lines.size - missed.length, missed };
}

function byMissed(a, b) {
  return b.missed.length - a.missed.length;
}

/** `3-5, 9` */
function ranges(lines) {
  const runs = [];
  for (const line of lines.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === line - 1) last[1] = line;
    else runs.push([line, line]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}
