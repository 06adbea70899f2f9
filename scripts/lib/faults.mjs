// Fault runs: test/faults/run.ts with the Node that this project uses.

import { spawn } from 'node:child_process';
import { checkout, inCheckout } from './command.mjs';
import { findNode } from './dependencies.mjs';

/**
 * Runs it with these arguments; its closing line has the counts, one for each fault.
 * @param {readonly string[]} args
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>}
 */
export function runFaults(args) {
  return new Promise((done, fail) => {
    const child = spawn(findNode(), [inCheckout('test', 'faults', 'run.ts'), ...args], {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let last = '';
    child.stdout.on('data', (bytes) => {
      process.stdout.write(bytes);
      last = (last + bytes).slice(-4_000);
    });
    child.once('error', fail);
    child.once('close', (code) => {
      const counts = /^(\d+) passed, (\d+) failed \(seed/m.exec(last);
      const failed = Number(counts?.[2] ?? 0);
      // One that did not get to its end has failed as a whole.
      const none = code !== 0 && failed === 0 ? 1 : 0;
      done({ passed: Number(counts?.[1] ?? 0), failed: failed + none, skipped: 0 });
    });
  });
}
