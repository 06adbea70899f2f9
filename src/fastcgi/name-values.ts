/**
 * Name-value pairs (FastCGI 1.0, section 3.4), in both directions.
 *
 *   length of name │ length of value │ name │ value        a length is one byte below 128, else
 *   1 or 4 bytes   │ 1 or 4 bytes    │      │              four with the highest bit set
 */

import { FastCgiError } from './protocol.ts';

export interface PairLimits {
  /** Bytes of all pairs, their lengths included. */
  readonly total: number;
  /** Bytes of one name. */
  readonly name: number;
}

/**
 * A page's path and query come three times (as sent, decoded, apart), and httpd's request line
 * ends at 8,190 bytes unless it is told otherwise: 64 KB leave ample room for the variables.
 */
export const PAIR_LIMITS: PairLimits = { total: 65_536, name: 256 };

const LONG = 0x80;

/**
 * Takes pairs from the pieces of a stream, split anywhere. A pair's memory is taken only after
 * its lengths were found to be within the limits.
 */
export class NameValueDecoder {
  readonly #limits: PairLimits;
  readonly #pairs = new Map<string, string>();
  readonly #lengths = new Uint8Array(8);
  #have = 0;
  #total = 0;
  #nameLength = 0;
  #pair: Buffer | undefined;
  #filled = 0;

  constructor(limits: PairLimits = PAIR_LIMITS) {
    this.#limits = limits;
  }

  /** @throws {FastCgiError} `too-much` as soon as a length says that a limit will be passed. */
  push(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#pair === undefined) {
        this.#lengths[this.#have++] = piece[at++] ?? 0;
        this.#beginPair();
      } else {
        const taken = Math.min(piece.length - at, this.#pair.length - this.#filled);
        this.#pair.set(piece.subarray(at, at + taken), this.#filled);
        this.#filled += taken;
        at += taken;
      }
      if (this.#pair !== undefined && this.#filled === this.#pair.length) this.#endPair(this.#pair);
    }
  }

  /**
   * The stream has ended: all pairs; of two with one name, the later.
   *
   * @throws {FastCgiError} `cut-pair` when the last of them is not whole.
   */
  finish(): ReadonlyMap<string, string> {
    if (this.#have > 0) throw new FastCgiError('cut-pair', 'the parameters end within a pair');
    return this.#pairs;
  }

  /** Goes on to the pair's bytes once both lengths are there. */
  #beginPair(): void {
    const nameBytes = lengthBytes(this.#lengths[0] ?? 0);
    if (this.#have <= nameBytes) return;
    if (this.#have < nameBytes + lengthBytes(this.#lengths[nameBytes] ?? 0)) return;
    const nameLength = readLength(this.#lengths, 0);
    const valueLength = readLength(this.#lengths, nameBytes);
    this.#total += this.#have + nameLength + valueLength;
    if (nameLength > this.#limits.name) {
      const text = `the name of a parameter has ${nameLength} bytes of ${this.#limits.name}`;
      throw new FastCgiError('too-much', text);
    }
    if (this.#total > this.#limits.total) {
      const text = `the parameters have more than ${this.#limits.total} bytes`;
      throw new FastCgiError('too-much', text);
    }
    this.#nameLength = nameLength;
    this.#pair = Buffer.allocUnsafe(nameLength + valueLength);
    this.#filled = 0;
  }

  #endPair(pair: Buffer): void {
    const name = pair.toString('utf8', 0, this.#nameLength);
    this.#pairs.set(name, pair.toString('utf8', this.#nameLength));
    this.#pair = undefined;
    this.#have = 0;
  }
}

/** The pairs as the content of PARAMS, GET_VALUES or GET_VALUES_RESULT. */
export function encodeNameValues(pairs: Iterable<readonly [string, string]>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of pairs) {
    const nameBytes = Buffer.from(name);
    const valueBytes = Buffer.from(value);
    parts.push(encodeLength(nameBytes.length), encodeLength(valueBytes.length));
    parts.push(nameBytes, valueBytes);
  }
  return Buffer.concat(parts);
}

function lengthBytes(first: number): number {
  return first & LONG ? 4 : 1;
}

function readLength(bytes: Uint8Array, at: number): number {
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes.subarray(at, at + 4);
  if (!(first & LONG)) return first;
  return (first & ~LONG) * 0x1000000 + ((second << 16) | (third << 8) | fourth);
}

function encodeLength(length: number): Buffer {
  if (length < LONG) return Buffer.of(length);
  const bytes = Buffer.allocUnsafe(4);
  // The length's own highest bit is free: a pair of 2 GB has no place in memory.
  bytes.writeInt32BE(length - 0x80000000);
  return bytes;
}
