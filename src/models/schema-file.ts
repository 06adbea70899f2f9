/**
 * The JSON schema of models.json, for editors. Run as a program, it writes models.schema.json into
 * the current folder; a test compares the committed file.
 */

import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { modelsFileSchema } from './schema.ts';

/** The text of models.schema.json. */
export function schemaFileText(): string {
  const schema = z.toJSONSchema(modelsFileSchema, { target: 'draft-7', io: 'input' });
  return `${JSON.stringify({ title: 'models.json of mod_muse_ai', ...schema }, null, 2)}\n`;
}

if (import.meta.main) writeFileSync('models.schema.json', schemaFileText());
