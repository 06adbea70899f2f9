/** The option --lang. */

import { Complaint, MISUSED, type Option } from './command.ts';

export function languageOption(help: string): Option {
  return { name: 'lang', short: 'l', value: 'TAG', help };
}

/** The tag in its usual case. @throws {Complaint} for what is none. */
export function readTag(text: string): string {
  try {
    return Intl.getCanonicalLocales(text)[0] ?? text;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Complaint(`"${text}" is not the tag of a language, such as de or pt-BR.`, MISUSED);
  }
}
