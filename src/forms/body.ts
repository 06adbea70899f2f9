/** The bytes of a request's body, all together. */

import { MuseError } from '../errors.ts';

/** The most that httpd's module can be told to let through. */
const BYTES_MAX = 10 * 1_048_576;

/** @throws {MuseError} `input-too-large`; the reason of an abort. */
export async function readBody(file: string, body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > BYTES_MAX) {
      throw new MuseError('input-too-large', `${file}: it brings over ${BYTES_MAX} bytes`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces, length);
}
