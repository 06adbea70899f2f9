// npm run fuzz: fuzzes the C code until something is found or the time is over.
//
//     npm run fuzz                       each target for a minute
//     npm run fuzz 600 store answer      two targets, ten minutes each
//     npm run fuzz -- --runs 10000000    each target so many times, however long that takes
//     npm run fuzz -- --keep store       adds what was reached on the way to the committed corpus

import { buildTargets, fuzzAll, keepCorpora, listTargets } from './lib/fuzz.mjs';
import { meetNeeds } from './lib/needs.mjs';
import { Complaint, runMain } from './lib/output.mjs';

await runMain(async () => {
  const args = process.argv.slice(2);
  const keep = takeWord(args, '--keep');
  const limit = takeLimit(args);
  const all = listTargets();
  const unknown = args.find((arg) => !all.some(({ name }) => name === arg));
  if (unknown !== undefined || limit === undefined) {
    const names = all.map(({ name }) => name).join(', ');
    throw new Complaint(
      `Use: npm run fuzz [seconds] [target…], or npm run fuzz -- --runs N [target…]; ` +
        `the targets are ${names}.`,
    );
  }
  await meetNeeds('test');
  await buildTargets();
  const targets = args.length > 0 ? all.filter(({ name }) => args.includes(name)) : all;
  if (keep) return keepCorpora(targets);
  const { failed } = await fuzzAll(targets, limit);
  return failed === 0 ? 0 : 1;
});

/** Takes a word out of the arguments; whether it was there. */
function takeWord(args, word) {
  const at = args.indexOf(word);
  if (at >= 0) args.splice(at, 1);
  return at >= 0;
}

/** Takes how long out of the arguments: undefined when that makes no sense. */
function takeLimit(args) {
  if (takeWord(args, '--runs')) {
    const runs = Number(args.shift());
    return Number.isInteger(runs) && runs > 0 ? { runs } : undefined;
  }
  const seconds = /^\d+$/.test(args[0] ?? '') ? Number(args.shift()) : 60;
  return seconds > 0 ? { seconds } : undefined;
}
