// npm run uninstall:apache: takes away what npm run install:apache put there.
//
//     npm run uninstall:apache [-- --dry-run]

import { installDependencies } from './lib/dependencies.mjs';
import { runInstaller } from './lib/install-command.mjs';
import { meetNeeds } from './lib/needs.mjs';
import { runMain } from './lib/output.mjs';

await runMain(async () => {
  await meetNeeds('build');
  await installDependencies();
  return runInstaller('uninstall', process.argv.slice(2));
});
