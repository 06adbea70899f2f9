/** A page: the text of a `.ai` file, its front matter apart from its prompt. */

import { MuseError, messageOf, systemCode } from '../errors.ts';
import type { Files } from '../files.ts';
import { decodeUtf8 } from '../utf8.ts';
import { type Page, splitFrontMatter } from './front-matter.ts';

const BYTES_MAX = 1_048_576;

/**
 * Reads a page.
 *
 * @throws {MuseError} `page-missing`, `page-unreadable`, `page-too-large`, `page-not-text` or
 *   `page-front-matter`.
 */
export async function readPage(file: string, files: Files): Promise<Page> {
  const bytes = await files.read(file, BYTES_MAX + 1).catch((error: unknown) => {
    throw cannotRead(file, error);
  });
  if (bytes.length > BYTES_MAX) {
    throw new MuseError('page-too-large', `${file}: a page has at most 1 MiB`);
  }
  return splitFrontMatter(file, decodePage(file, bytes));
}

/** @throws {MuseError} `page-not-text`. */
export function decodePage(file: string, bytes: Buffer): string {
  if (bytes.includes(0)) {
    throw new MuseError('page-not-text', `${file}: holds a NUL byte, so it is no prompt`);
  }
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw new MuseError('page-not-text', `${file}: ${messageOf(cause)}`, { cause });
  }
}

function cannotRead(file: string, cause: unknown): MuseError {
  const code = systemCode(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new MuseError('page-missing', `${file}: is not there any more`, { cause });
  }
  const advice =
    code === 'EACCES' ? 'the engine’s user (User in httpd’s configuration) may not read it' : '';
  return new MuseError('page-unreadable', `${file}: ${advice || messageOf(cause)}`, { cause });
}
