/**
 * A place in a page, as the id of an event: how many bytes stand before it, and their checksum.
 *
 * Whoever has read to there can go on in any text that begins with the very same bytes, be it in
 * memory, in the cache, or at another engine; and no text that begins otherwise is taken for it.
 */

import { crc32 } from 'node:zlib';

export interface Position {
  readonly offset: number;
  /** CRC-32 of the bytes before it. */
  readonly check: number;
  /** The answer had ended there: nothing more is to be sent. */
  readonly ended: boolean;
}

export const START: Position = { offset: 0, check: 0, ended: false };

/** A view of what a text has from the byte `from` on; undefined: no more. */
export type ReadText = (from: number) => Buffer | undefined;

export function formatPosition({ offset, check, ended }: Position): string {
  return `${offset}-${check.toString(16).padStart(8, '0')}${ended ? '-end' : ''}`;
}

/** Undefined for what is no id of ours. */
export function parsePosition(id: string | undefined): Position | undefined {
  const match = /^(\d{1,10})-([0-9a-f]{8})(-end)?$/.exec(id ?? '');
  if (match === null) return undefined;
  const [, offset = '', check = '', end] = match;
  return { offset: Number(offset), check: Number.parseInt(check, 16), ended: end !== undefined };
}

/** The position behind `text`, which stands at `position`. */
export function advance({ offset, check }: Position, text: string): Position {
  return { offset: offset + Buffer.byteLength(text), check: crc32(text, check), ended: false };
}

/** Whether a text that `read` gives has what `position` says before it. */
export function isIn(position: Position, read: ReadText): boolean {
  let check = 0;
  let at = 0;
  while (at < position.offset) {
    const bytes = read(at)?.subarray(0, position.offset - at);
    if (bytes === undefined) return false;
    check = crc32(bytes, check);
    at += bytes.length;
  }
  return check === position.check && !isInsideCharacter(read(at));
}

/** Whether UTF-8 goes on here with a character that began before: no id of ours says so. */
function isInsideCharacter(bytes: Buffer | undefined): boolean {
  const first = bytes?.[0];
  return first !== undefined && (first & 0xc0) === 0x80;
}
