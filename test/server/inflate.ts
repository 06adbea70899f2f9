import { constants, gunzipSync } from 'node:zlib';

/** What a compressed answer that has not ended yet says so far. */
export function inflateSoFar(bytes: Uint8Array): string {
  if (bytes.length < 10) return ''; // the header of gzip
  return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString('utf8');
}
