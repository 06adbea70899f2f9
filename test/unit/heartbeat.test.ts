import { expect, test } from 'vitest';
import { startHeartbeat } from '../../src/heartbeat.ts';
import { ManualClock } from './support/clock.ts';

test('an engine beats at once, and then twice a second', () => {
  const clock = new ManualClock();
  let beats = 0;
  startHeartbeat(() => (beats += 1), clock);
  expect(beats).toBe(1);
  clock.advance(1_500);
  expect(beats).toBe(4);
});

test('one that works beats without its timers, and not more often', () => {
  const clock = new ManualClock();
  // What its timers would do comes too late.
  clock.after = () => ({ clear: () => {} });
  let beats = 0;
  const moves = startHeartbeat(() => (beats += 1), clock);
  for (let ms = 0; ms < 5_000; ms += 10) {
    moves();
    clock.advance(10);
  }
  expect(beats).toBe(10);
});
