import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What an installation put where, with the SHA-256 of each file as it was put there. */
export type Manifest = ReadonlyMap<string, string>;

/** The manifest lies beside the programs; paths in it are without the staging folder. */
export function manifestPath(library: string): string {
  return join(library, 'manifest.json');
}

/** Reads a manifest; an empty one if nothing was installed. @throws Error if it is not readable */
export function readManifest(path: string): Manifest {
  if (!existsSync(path)) return new Map();
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof value !== 'object' || value === null) throw new Error(`${path} is not a manifest.`);
  return new Map(
    Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}

export function writeableManifest(manifest: Manifest): string {
  return `${JSON.stringify(Object.fromEntries(manifest), null, 2)}\n`;
}

/** The SHA-256 of a file in hex, or undefined if there is none. */
export function hashFile(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
