// Brings this checkout to where it can be run or tested: what the machine lacks, the npm
// packages, the build. What is there already costs nothing.
//
//     node scripts/prepare.mjs [--test]

import { pathToFileURL } from 'node:url';
import { build } from './lib/build.mjs';
import { installDependencies } from './lib/dependencies.mjs';
import { meetNeeds } from './lib/needs.mjs';
import { runMain } from './lib/output.mjs';

/** @param {{ tests?: boolean, force?: boolean }} options `tests`: what only the tests need too */
export async function prepare({ tests = false, force = false } = {}) {
  await meetNeeds(tests ? 'test' : 'build');
  await installDependencies();
  await build({ tests, force });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runMain(() => prepare({ tests: process.argv.includes('--test') }));
}
