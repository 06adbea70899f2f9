// npm start: prepares, then serves the demo site on a private httpd until Ctrl-C.
//
//     PORT=8080 HOST=localhost npm start

import { spawn } from 'node:child_process';
import { checkout, inCheckout } from './lib/command.mjs';
import { findNode } from './lib/dependencies.mjs';
import { runMain } from './lib/output.mjs';
import { prepare } from './prepare.mjs';

await runMain(async () => {
  await prepare();
  return serve(findNode());
});

/** The rest is TypeScript, for which the Node that npm was started with may be too old. */
function serve(node) {
  const child = spawn(node, [inCheckout('scripts', 'serve', 'main.ts')], {
    cwd: checkout,
    stdio: 'inherit',
  });
  // A terminal sends Ctrl-C to both of us: only the server acts on it, and we wait for it.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
