/** Takes a prompt as it is rendered, up to a bound: a loop can write much in little time. */

import { type Emitter, toValue } from 'liquidjs';

const CHARACTERS_MAX = 2_097_152;

export class PromptText implements Emitter {
  buffer = '';

  write(value: unknown): void {
    const text = stringify(value);
    if (this.buffer.length + text.length > CHARACTERS_MAX) {
      throw new Error('the prompt gets longer than 2 Mi characters: a limit is exceeded');
    }
    this.buffer += text;
  }
}

/** As LiquidJS does it. */
function stringify(value: unknown): string {
  const plain: unknown = toValue(value);
  if (typeof plain === 'string') return plain;
  if (plain === undefined || plain === null) return '';
  return Array.isArray(plain) ? plain.map(stringify).join('') : String(plain);
}
