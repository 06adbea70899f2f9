import { expect } from 'vitest';
import { sanitizerName } from './sanitizer.ts';

/**
 * Expects that so many bytes are below a limit. Not under a sanitizer, which keeps what was freed
 * and takes memory of its own for each piece: what there is in all tells nothing then.
 */
export function expectMemory(bytes: number, limit: number): void {
  if (sanitizerName() === undefined) expect(bytes).toBeLessThan(limit);
}
