// What npm run install:apache and npm run uninstall:apache have in common.

import { findProgram, inCheckout, run } from './command.mjs';
import { findNode } from './dependencies.mjs';
import { Complaint } from './output.mjs';

/**
 * Runs the part that touches the system: as root, through sudo if need be.
 * @param {'install' | 'uninstall'} action @param {readonly string[]} flags
 */
export async function runInstaller(action, flags) {
  const unknown = flags.find((flag) => flag !== '--dry-run');
  if (unknown !== undefined) throw new Complaint(`Unknown option ${unknown}; there is --dry-run.`);
  const command = [findNode(), inCheckout('scripts', 'install', 'main.ts'), action, ...flags];
  const [program, ...args] = [...become(flags), ...command];
  return run(program, args);
}

function become(flags) {
  const needsRoot = !process.env.DESTDIR && !flags.includes('--dry-run');
  if (!needsRoot || process.getuid?.() === 0) return [];
  if (findProgram('sudo') !== undefined) return ['sudo'];
  throw new Complaint('Only root may change the system, and there is no sudo. Run this as root.');
}
