/** Random numbers that a printed seed repeats: MUSE_TEST_SEED=… */
export function seededRandom(): { readonly seed: number; readonly below: (end: number) => number } {
  const seed = Number(process.env.MUSE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.info(`MUSE_TEST_SEED=${seed}`);
  return { seed, below: randomBelow(seed) };
}

/** Gives whole numbers from 0 to below `end`, always the same ones for a seed. */
export function randomBelow(seed: number): (end: number) => number {
  let state = seed >>> 0;
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return (end) => Math.floor(next() * end);
}
