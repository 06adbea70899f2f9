import { systemFiles } from '../files.ts';
import { decodeUtf8 } from '../utf8.ts';

/** More than all models that there may be need. */
const BYTES_MAX = 4 * 1_048_576;

/**
 * The text of a models.json.
 *
 * @throws as node:fs does, also for what is no regular file: a pipe would hold the engine. And when
 *   it is no UTF-8, or larger than any models.json.
 */
export async function readModelsFile(path: string): Promise<string> {
  const bytes = await systemFiles.read(path, BYTES_MAX + 1);
  if (bytes.length > BYTES_MAX) throw new Error(`has over ${BYTES_MAX / 1_048_576} MiB`);
  return decodeUtf8(bytes);
}
