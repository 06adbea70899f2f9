import { describe, expect, test } from 'vitest';
import { Circuit } from '../../src/providers/circuit.ts';

const settings = { failures: 3, cooldown: 10 };

/** A circuit that has just opened at the uptime 0. */
function opened(retryAfter?: number): Circuit {
  const circuit = new Circuit();
  const failures = retryAfter === undefined ? settings.failures : 1;
  for (let i = 0; i < failures; i++) {
    circuit.failed(circuit.begin(0), 0, settings, retryAfter);
  }
  return circuit;
}

describe('a circuit', () => {
  test('stays closed while failures are not in a row', () => {
    const circuit = new Circuit();
    for (let i = 0; i < 10; i++) {
      circuit.failed(circuit.begin(0), 0, settings, undefined);
      circuit.failed(circuit.begin(0), 0, settings, undefined);
      expect([circuit.isClosed, circuit.isReady(0)]).toEqual([true, true]);
      circuit.succeeded();
    }
  });

  test('opens after failures in a row, for its cool-down', () => {
    const circuit = opened();
    expect(circuit.isClosed).toBe(false);
    expect([circuit.isReady(9_999), circuit.isReady(10_000)]).toEqual([false, true]);
    expect([circuit.restOf(4_000), circuit.restOf(11_000)]).toEqual([6_000, 0]);
  });

  test.for([
    [7, 7_000],
    [3_600, 60_000],
  ] as const)('opens at once for a Retry-After of %d s', ([retryAfter, ms]) => {
    const circuit = opened(retryAfter);
    expect([circuit.isReady(ms - 1), circuit.isReady(ms)]).toEqual([false, true]);
  });

  test('lets one trial call through when its time is up, and closes when that succeeds', () => {
    const circuit = opened();
    expect(circuit.begin(10_000)).toBe('trial');
    expect(circuit.isReady(10_000)).toBe(false);
    expect(circuit.begin(10_000)).toBe('ordinary');
    circuit.succeeded();
    expect([circuit.isClosed, circuit.isReady(10_000)]).toEqual([true, true]);
    // What counted before it opened counts no more.
    circuit.failed(circuit.begin(10_000), 10_000, settings, undefined);
    expect(circuit.isClosed).toBe(true);
  });

  test('stays open for another cool-down when the trial fails', () => {
    const circuit = opened();
    circuit.failed(circuit.begin(10_000), 12_000, settings, undefined);
    expect([circuit.isReady(21_999), circuit.isReady(22_000)]).toEqual([false, true]);
  });

  test('waits for another trial when one ends without a result', () => {
    const circuit = opened();
    circuit.undecided(circuit.begin(10_000));
    expect(circuit.begin(10_000)).toBe('trial');
  });

  test('is not kept open by calls that began before it opened, but closed by their success', () => {
    const circuit = opened();
    circuit.failed('ordinary', 9_000, settings, undefined);
    expect(circuit.isReady(10_000)).toBe(true);
    circuit.failed('ordinary', 9_000, settings, 5);
    expect([circuit.isReady(10_000), circuit.isReady(14_000)]).toEqual([false, true]);
    circuit.succeeded();
    expect(circuit.isClosed).toBe(true);
  });
});
