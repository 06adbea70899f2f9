/** Time as the engine sees it, so that a test can give it another. */

export interface Timer {
  /** The callback will not run any more. */
  clear(): void;
}

export interface Clock {
  /** Wall clock in milliseconds since 1970. */
  now(): number;
  /** Milliseconds from some moment on; nobody sets this clock. */
  uptime(): number;
  /** Runs `callback` after `ms` milliseconds. The timer keeps no process alive. */
  after(ms: number, callback: () => void): Timer;
}

/** setTimeout's own limit; a longer wait would fire at once. */
const LONGEST_WAIT = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  uptime: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_WAIT));
    timer.unref();
    return { clear: () => clearTimeout(timer) };
  },
};
