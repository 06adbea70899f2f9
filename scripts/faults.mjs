// npm run test:faults: does harm to a running site, and looks whether it keeps working.
//
//     npm run test:faults                            ten minutes
//     npm run test:faults 120                        two
//     npm run test:faults -- 120 --seed 7            as in a run before
//     npm run test:faults -- 60 --fault 'engine'     only faults with that in their names

import { runFaults } from './lib/faults.mjs';
import { runMain } from './lib/output.mjs';
import { prepare } from './prepare.mjs';

await runMain(async () => {
  await prepare();
  const { failed } = await runFaults(process.argv.slice(2));
  return failed === 0 ? 0 : 1;
});
