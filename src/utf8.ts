/** @throws {Error} that says what to do, when the bytes are no UTF-8. A byte order mark goes. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error('is not UTF-8; save it as UTF-8', { cause });
  }
}
