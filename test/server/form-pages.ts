import { enablePages, type Httpd, type Result } from '../harness/index.ts';
import type { ScriptedProvider } from '../provider/index.ts';

export const urlencoded = { 'Content-Type': 'application/x-www-form-urlencoded' };
export const json = { 'Content-Type': 'application/json' };

/** A page that takes a form, and one that does not. */
export function prepare(httpd: Httpd, provider: ScriptedProvider, ...lines: string[]): void {
  enablePages(httpd, provider, ...lines);
  httpd.site.write('letter.ai', 'A letter to {{ form.name | default: "nobody" }}.');
  httpd.site.write('page.ai', 'Write about the sea.');
}

export function post(
  httpd: Httpd,
  path: string,
  body: string | Uint8Array,
  headers: Record<string, string> = urlencoded,
): Promise<Result> {
  return httpd.get(path, { method: 'POST', body, headers });
}

/** What the model was last asked. */
export function lastPrompt(provider: ScriptedProvider): string {
  return String(provider.requests.at(-1)?.messages.at(-1)?.content);
}

export const letterTo = (name: string) =>
  `A letter to <visitor-input name="name">${name}</visitor-input>.`;
