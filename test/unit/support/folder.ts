import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is gone after its test: `using folder = temporaryFolder()`. */
export function temporaryFolder(): Disposable & {
  readonly path: string;
  at(name: string): string;
} {
  const path = mkdtempSync(join(tmpdir(), 'muse-unit-'));
  return {
    path,
    at: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
