/** multipart/form-data (RFC 7578) as fields of a form, by Node's own reader of it. */

import { MuseError } from '../errors.ts';

/**
 * @throws {MuseError} `form-unreadable` for what is not as its Content-Type says; `form-type` for
 *   a file.
 */
export async function fieldsOfMultipart(
  contentType: string,
  bytes: Buffer,
  file: string,
): Promise<[string, string][]> {
  const response = new Response(new Uint8Array(bytes), {
    headers: { 'content-type': contentType },
  });
  const form = await response.formData().catch((cause: unknown) => {
    const why = 'what was sent is not multipart/form-data as its Content-Type says';
    throw new MuseError('form-unreadable', `${file}: ${why}`, { cause });
  });
  return [...form].flatMap(([name, value]): [string, string][] => {
    if (typeof value === 'string') return [[name, value]];
    // What a browser sends for a field of files in which none was chosen.
    if (value.name === '' && value.size === 0) return [];
    throw new MuseError('form-type', `${file}: a file was sent; a page takes only fields`);
  });
}
