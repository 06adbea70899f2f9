/** Character codes that the cleaning's state machines look for. */

export const NEWLINE = 0x0a;
export const BANG = 0x21;
export const DOUBLE_QUOTE = 0x22;
export const SINGLE_QUOTE = 0x27;
export const DASH = 0x2d;
export const SLASH = 0x2f;
export const LESS = 0x3c;
export const EQUALS = 0x3d;
export const GREATER = 0x3e;
export const QUESTION = 0x3f;
export const CLOSE_BRACKET = 0x5d;
export const BACK_TICK = 0x60;
export const TILDE = 0x7e;

/** White space of HTML: tab, line feed, form feed, carriage return, space. */
export function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0b);
}

export function isLetter(code: number): boolean {
  const small = lowerCase(code);
  return small >= 0x61 && small <= 0x7a;
}

/** The code of the small letter for a capital of ASCII; any other as it is. */
export function lowerCase(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}
