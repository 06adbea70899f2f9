// npm run fuzz: fuzzes the C code until something is found or the time is over.
//
//     npm run fuzz                       each target for a minute
//     npm run fuzz 600 store answer      two targets, ten minutes each
//     npm run fuzz -- --keep store       adds what was reached on the way to the committed corpus

import { buildTargets, fuzzAll, keepCorpora, listTargets } from './lib/fuzz.mjs';
import { meetNeeds } from './lib/needs.mjs';
import { Complaint, runMain } from './lib/output.mjs';

await runMain(async () => {
  const args = process.argv.slice(2).filter((arg) => arg !== '--keep');
  const seconds = /^\d+$/.test(args[0] ?? '') ? Number(args.shift()) : 60;
  const all = listTargets();
  const unknown = args.find((arg) => !all.some(({ name }) => name === arg));
  if (unknown !== undefined || seconds === 0) {
    const names = all.map(({ name }) => name).join(', ');
    throw new Complaint(`Use: npm run fuzz [seconds] [target…]; the targets are ${names}.`);
  }
  await meetNeeds('test');
  await buildTargets();
  const targets = args.length > 0 ? all.filter(({ name }) => args.includes(name)) : all;
  if (process.argv.includes('--keep')) return keepCorpora(targets);
  const { failed } = await fuzzAll(targets, seconds);
  return failed === 0 ? 0 : 1;
});
