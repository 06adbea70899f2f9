/** `${NAME}` in models.json: variables of the engine's environment. */

import type { Environment } from '../environment.ts';

const NAME_PATTERN = '[A-Za-z_][A-Za-z0-9_]*';
const VARIABLE = new RegExp(`\\$\\{(${NAME_PATTERN})\\}`, 'g');

/** Names in `text`, or undefined when a `${` begins no name. */
export function variablesIn(text: string): string[] | undefined {
  if (text.replace(VARIABLE, '').includes('${')) return undefined;
  return [...text.matchAll(VARIABLE)].map((match) => match[1] ?? '');
}

/** A text that may name variables: its value, or the names that the environment lacks. */
export type Expanded =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly missing: readonly string[] };

/** Puts the environment's values into `text`. An empty variable counts as missing. */
export function expand(text: string, environment: Environment): Expanded {
  const missing = (variablesIn(text) ?? []).filter((name) => !environment[name]);
  if (missing.length > 0) return { ok: false, missing };
  return { ok: true, value: text.replace(VARIABLE, (_, name: string) => environment[name] ?? '') };
}
