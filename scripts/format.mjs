// npm run format: formats everything, as `npm run check` wants it.

import { listCSources } from './lib/c-sources.mjs';
import { inCheckout, run } from './lib/command.mjs';
import { installDependencies } from './lib/dependencies.mjs';
import { meetNeeds } from './lib/needs.mjs';
import { runMain } from './lib/output.mjs';

await runMain(async () => {
  await meetNeeds('test');
  await installDependencies();
  const biome = await run(inCheckout('node_modules', '.bin', 'biome'), ['check', '--write', '.']);
  const c = await run('clang-format', ['-i', ...listCSources()]);
  return biome || c;
});
