/** Which models.json a command reads. */

import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Complaint, type Option, type Options } from './command.ts';

const NAME = 'models.json';
/** Where `npm run install:apache` puts it. */
const INSTALLED = '/etc/apache2/muse_ai/models.json';

export const modelsOption: Option = {
  name: 'models',
  value: 'FILE',
  help: `models.json; by default the nearest one at or above this folder, else ${INSTALLED}`,
};

/** Its absolute path, or undefined when there is none. @throws {Complaint} if it was named. */
export function findModels(options: Options): string | undefined {
  const named = options.text(modelsOption.name);
  if (named !== undefined) {
    if (!existsSync(named)) throw new Complaint(`${named}: there is no such file (--models).`);
    return resolve(named);
  }
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const path = join(folder, NAME);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) break;
  }
  return existsSync(INSTALLED) ? INSTALLED : undefined;
}
