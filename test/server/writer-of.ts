import { expect } from 'vitest';
import type { Httpd } from '../harness/index.ts';

export const enabled = { lines: ['MuseAiEnable On'] };

/** Who wrote the page, as the provider's sample page says. */
export async function writerOf(
  httpd: Httpd,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const result = await httpd.get(path, { headers });
  expect(result.status, `${path}: ${result.text}`).toBe(200);
  return /Written by ([^,]+),/.exec(result.text)?.[1] ?? `nobody in:\n${result.text}`;
}
