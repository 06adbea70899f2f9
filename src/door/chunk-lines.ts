/**
 * A chat completion while it is written: lines of JSON, so that every reader can take it in its
 * own form. First what all chunks have in common, then chunk by chunk without that. Usage comes
 * last, in a chunk of its own, wherever the endpoint put it.
 */

import { StringDecoder } from 'node:string_decoder';
import type { Chunk } from '../providers/chunk.ts';

/** What is said about a completion in every object that belongs to it. */
export interface Identity {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

/** A chunk without its identity; whatever else the endpoint says stays in it. */
export type BareChunk = Readonly<Record<string, unknown>> & {
  readonly choices: readonly Readonly<Record<string, unknown>>[];
};

const USAGE = '{"choices":[],"usage":';

/** Whether a line is the chunk that tells the usage. */
export function isUsage(line: string): boolean {
  return line.startsWith(USAGE);
}

export function identityLine(identity: Identity): string {
  return `${JSON.stringify(identity)}\n`;
}

export function usageLine(usage: unknown): string {
  return `${JSON.stringify({ choices: [], usage })}\n`;
}

/** The line for a chunk; undefined when it has nothing to say beside usage. */
export function chunkLine(chunk: Chunk): string | undefined {
  // `obfuscation` is noise that hides a chunk's length on the way to us.
  const { id, object, created, model, usage, obfuscation, choices, ...more } = chunk as Chunk &
    Readonly<Record<string, unknown>>;
  if (!choices || choices.length === 0) return undefined;
  const [{ index: _, ...choice }] = choices as [Readonly<Record<string, unknown>>];
  return `${JSON.stringify({ choices: [{ index: 0, ...choice }], ...more })}\n`;
}

/** Cuts bytes that come in pieces of any size into lines. */
export class LineReader {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  push(bytes: Buffer): string[] {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines;
  }
}
