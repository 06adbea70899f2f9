import { readdirSync } from 'node:fs';
import { inCheckout } from './command.mjs';

/** The C and C++ files of this checkout, as paths below it. */
export function listCSources() {
  return ['apache-module', 'native', 'test/faults']
    .flatMap(listBelow)
    .filter((path) => /\.(c|h|cc)$/.test(path));
}

function listBelow(folder) {
  return readdirSync(inCheckout(folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? listBelow(path) : [path];
  });
}
