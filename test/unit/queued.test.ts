import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isStarved } from '../faults/invariants/answers.ts';
import { longestQueued, queuedOf } from '../faults/invariants/queued.ts';

/** One that we may run on: a container may have others than the first. */
function allowedProcessor(): string {
  const status = readFileSync('/proc/self/status', 'utf8');
  return /^Cpus_allowed_list:\s+(\d+)/m.exec(status)?.[1] ?? '0';
}

const pidOf = ({ pid }: ChildProcess): number => pid ?? 0;

test('two processes on one processor wait for each other, and that is counted', async () => {
  // Both have begun when they are told to, or one could be over before the other has come.
  const busy =
    "process.once('message', () => { const end = Date.now() + 1_000; while (Date.now() < end); " +
    'process.exit(); }); process.send(0);';
  const start = () =>
    spawn('taskset', ['-c', allowedProcessor(), process.execPath, '-e', busy], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  const both = [start(), start()];
  const ends = both.map((child) => once(child, 'exit'));
  await Promise.all(both.map((child) => once(child, 'message')));
  const before = queuedOf(both.map(pidOf));
  const pids = both.map(pidOf);
  for (const child of both) child.send(0);
  let longest = 0;
  const look = setInterval(() => {
    longest = Math.max(longest, longestQueued(before, queuedOf(pids)));
  }, 20);
  await Promise.all(ends);
  clearInterval(look);
  expect(longest).toBeGreaterThan(100);
  expect(longest).toBeLessThan(60_000);
});

test('a process that has come since counts from its beginning, one that has ended not at all', () => {
  const before = new Map([[1, 500]]);
  expect(longestQueued(before, new Map([[2, 30]]))).toBe(30);
  expect(longestQueued(before, new Map([[1, 700]]))).toBe(200);
  expect(longestQueued(before, new Map())).toBe(0);
  expect(longestQueued(before, queuedOf([2 ** 30]))).toBe(0);
});

test('a provider may be slow where the machine had no time, and a page in the cache never fails', () => {
  const slow = {
    ...({ kind: 'cold', id: 'cold-1', outcome: 'refused', detail: '', status: 504 } as const),
    ...{ start: 0, end: 1, headMs: undefined, hit: false, retried: false, victim: false },
  };
  expect(isStarved(slow, 2_000)).toBe(true);
  expect(isStarved(slow, 1_000)).toBe(false);
  for (const other of [{ status: 502 }, { outcome: 'aborted' }, { kind: 'cached' }] as const) {
    expect(isStarved({ ...slow, ...other }, 2_000)).toBe(false);
  }
});
