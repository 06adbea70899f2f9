// npm run install:apache: builds, and puts the module into this machine's httpd.
//
//     npm run install:apache [-- --dry-run]       DESTDIR=/folder puts the files there only

import { runInstaller } from './lib/install-command.mjs';
import { runMain } from './lib/output.mjs';
import { prepare } from './prepare.mjs';

await runMain(async () => {
  await prepare();
  return runInstaller('install', process.argv.slice(2));
});
