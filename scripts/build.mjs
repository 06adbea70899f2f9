// npm run build: builds the module, the add-on and the engine, whether their stamps are old or
// not. `--tests` builds the C tests too.

import { good, runMain } from './lib/output.mjs';
import { prepare } from './prepare.mjs';

await runMain(async () => {
  await prepare({ tests: process.argv.includes('--tests'), force: true });
  good('Built build/mod_muse_ai.so, build/muse_region.node, dist/engine.js and dist/muse');
});
