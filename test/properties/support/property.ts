import fc from 'fast-check';

/**
 * Checks that something holds for whatever is made up. A failure is told with its seed, and with
 * the smallest input that fails; `MUSE_TEST_SEED=… ` repeats it, `MUSE_TEST_RUNS=…` tries more.
 */
export function holds<T extends [unknown, ...unknown[]]>(
  inputs: { [K in keyof T]: fc.Arbitrary<T[K]> },
  check: (...input: T) => void,
): void {
  const seed = process.env.MUSE_TEST_SEED;
  fc.assert(fc.property<T>(...inputs, check), {
    numRuns: Number(process.env.MUSE_TEST_RUNS ?? 500),
    ...(seed !== undefined && { seed: Number(seed) }),
    includeErrorInReport: true,
  });
}

/** Lengths of pieces: small ones more often, since there things go wrong. */
export const splits = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 60 })),
  { minLength: 1, maxLength: 12 },
);

/** Cuts into pieces of these lengths, again and again. */
export function cut(whole: string, lengths: readonly number[]): string[];
export function cut(whole: Uint8Array, lengths: readonly number[]): Uint8Array[];
export function cut(whole: string | Uint8Array, lengths: readonly number[]) {
  const pieces: (string | Uint8Array)[] = [];
  for (let at = 0, i = 0; at < whole.length; i += 1) {
    const length = lengths[i % lengths.length] ?? 1;
    const piece =
      typeof whole === 'string' ? whole.slice(at, at + length) : whole.subarray(at, at + length);
    pieces.push(piece);
    at += length;
  }
  return pieces;
}
