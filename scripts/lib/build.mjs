// The build: CMake (through cmake-js) for what is C and C++, esbuild for the engine and the command.

import { chmodSync, existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ask, inCheckout, run } from './command.mjs';
import { findNode } from './dependencies.mjs';
import { Complaint, step } from './output.mjs';
import { hashInputs, isCurrent, writeStamp } from './stamp.mjs';

const engine = inCheckout('dist', 'engine.js');
const command = inCheckout('dist', 'muse.js');
/** What package.json's `bin` names. */
const launcher = inCheckout('dist', 'muse');

/** Some of the bundled libraries are CommonJS inside and `require` node's own modules. */
const banner = [
  "import { createRequire as museCreateRequire } from 'node:module';",
  'globalThis.require ??= museCreateRequire(import.meta.url);',
].join('\n');

/** What CMake is asked for: without the C tests, or with them. */
const nativeTargets = { product: ['mod_muse_ai', 'muse_region_node'], all: ['all'] };

/**
 * Builds what is older than its sources.
 * @param {{ tests?: boolean, force?: boolean }} options `tests` builds the C tests too
 */
export async function build({ tests = false, force = false } = {}) {
  await buildNative(tests, force);
  await buildBundles(force);
}

async function buildNative(tests, force) {
  const node = realpathSync(findNode());
  const outputs = [inCheckout('build', 'mod_muse_ai.so'), inCheckout('build', 'muse_region.node')];
  const hash = hashInputs(
    inCheckout(),
    ['CMakeLists.txt', 'apache-module', 'native', 'package-lock.json', 'scripts/lib/build.mjs'],
    [inCheckout(), node, ask('apxs', ['-q', 'HTTPD_VERSION', 'CFLAGS']) ?? '', compilerVersion()],
  );
  const stamp = inCheckout('build', tests ? '.stamp-tests' : '.stamp-product');
  if (!force && isCurrent(stamp, hash, outputs)) return;
  step(`Building the module and the add-on${tests ? ', with their tests' : ''} (build/)`);
  await configure(node);
  const targets = nativeTargets[tests ? 'all' : 'product'];
  const jobs = ['--parallel', String(availableParallelism())];
  await must('cmake', ['--build', inCheckout('build'), ...jobs, '--target', ...targets]);
  for (const output of outputs) {
    if (!existsSync(output)) throw new Complaint(`The build did not make ${output}.`);
  }
  writeStamp(stamp, hash);
  // All includes the product.
  if (tests) writeStamp(inCheckout('build', '.stamp-product'), hash);
}

/**
 * Configures the build tree. One that was made by other means (another generator, a checkout that
 * has moved since) can't be configured again, so it is tried a second time from nothing.
 */
async function configure(node) {
  const args = [
    ...[inCheckout('node_modules', 'cmake-js', 'bin', 'cmake-js'), 'configure'],
    ...['--out', inCheckout('build'), '--config', 'RelWithDebInfo'],
    ...[`--CDMUSE_NODE=${node}`, `--CDMUSE_ENGINE=${engine}`],
  ];
  if (existsSync(inCheckout('build', 'CMakeCache.txt'))) {
    if (ask(node, args) !== undefined) return;
    rmSync(inCheckout('build', 'CMakeCache.txt'));
    rmSync(inCheckout('build', 'CMakeFiles'), { recursive: true, force: true });
  }
  await must(node, args);
}

async function buildBundles(force) {
  const stamp = inCheckout('dist', '.stamp');
  const node = realpathSync(findNode());
  const hash = hashInputs(
    inCheckout(),
    ['src', 'package-lock.json', 'package.json', 'tsconfig.json', 'scripts/lib/build.mjs'],
    [process.platform, node],
  );
  if (!force && isCurrent(stamp, hash, [engine, command, launcher])) return;
  step('Bundling the engine and the command (dist/engine.js, dist/muse.js)');
  const { version } = JSON.parse(readFileSync(inCheckout('package.json'), 'utf8'));
  const esbuild = await import('esbuild');
  const result = await esbuild
    .build({
      absWorkingDir: inCheckout(),
      entryPoints: { engine: 'src/engine.ts', muse: 'src/cli/main.ts' },
      outdir: 'dist',
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node22',
      sourcemap: 'linked',
      legalComments: 'linked',
      logLevel: 'silent',
      define: { MUSE_VERSION: JSON.stringify(version) },
      banner: { js: banner },
    })
    .catch((error) => {
      throw new Complaint(`The engine and the command could not be bundled:\n${error.message}`);
    });
  for (const { text } of result.warnings) step(`esbuild: ${text}`);
  writeLauncher(node);
  writeStamp(stamp, hash);
}

/** The command needs a newer Node than the system may have: it is started with this one. */
function writeLauncher(node) {
  const quoted = [node, command].map((path) => `'${path.replaceAll("'", "'\\''")}'`);
  writeFileSync(launcher, `#!/bin/sh\nexec ${quoted.join(' ')} "$@"\n`);
  chmodSync(launcher, 0o755);
}

async function must(program, args) {
  if ((await run(program, args, { quiet: true })) !== 0) {
    throw new Complaint(
      `The build failed. Its output is above. The command was:\n  ${[program, ...args].join(' ')}`,
    );
  }
}

function compilerVersion() {
  return `${ask('cc', ['-dumpfullversion'])} ${ask('c++', ['-dumpfullversion'])}`;
}
