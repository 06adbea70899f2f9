// npm run test:sanitize: the server's tests with sanitizers over the module in httpd.
//
//     npm run test:sanitize                                   all of them, which takes half an hour
//     npm run test:sanitize asan                              the server's tests under ASan and UBSan
//     npm run test:sanitize asan test/server/cache.test.ts    only these files
//     npm run test:sanitize tsan                              10,000 suspended streams, and others
//     npm run test:sanitize valgrind                          a visit to each of the main paths
//     npm run test:sanitize -- --short                        what npm test runs

import { inCheckout, run } from './lib/command.mjs';
import { findNode } from './lib/dependencies.mjs';
import { bad, Complaint, good, runMain, step } from './lib/output.mjs';
import { buildSanitized, listRuns, sanitizedEnvironment, sanitizers } from './lib/sanitize.mjs';
import { prepare } from './prepare.mjs';

await runMain(async () => {
  const few = process.argv.includes('--short');
  const [name, ...files] = process.argv.slice(2).filter((arg) => arg !== '--short');
  const chosen = sanitizers.filter((one) => name === undefined || one.name === name);
  if (chosen.length === 0) {
    const names = sanitizers.map((one) => one.name).join('|');
    throw new Complaint(`Use: npm run test:sanitize [${names}] [test file…]`);
  }
  await prepare({ tests: true });
  let failed = 0;
  for (const sanitizer of chosen) {
    await buildSanitized(sanitizer);
    for (const args of listRuns(sanitizer, { files, few })) {
      step(`Tests under ${sanitizer.what}: ${args.join(' ')}`);
      const vitest = inCheckout('node_modules', 'vitest', 'vitest.mjs');
      const env = sanitizedEnvironment(sanitizer, { few });
      const status = await run(findNode(), [vitest, 'run', ...args], { env });
      if (status !== 0) failed += 1;
      (status === 0 ? good : bad)(`${sanitizer.name}: ${args.join(' ')}`);
    }
  }
  return failed === 0 ? 0 : 1;
});
