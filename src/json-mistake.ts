/**
 * Where a text stops being JSON (RFC 8259). Unlike JSON.parse, this always knows the place and
 * never repeats the text, in which there may be keys.
 */

export interface JsonMistake {
  readonly offset: number;
  readonly message: string;
}

const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

/** The first mistake in `text`, or undefined when it is JSON. */
export function findJsonMistake(text: string): JsonMistake | undefined {
  const open: ('{' | '[')[] = [];
  let at = 0;
  let expected: 'value' | 'first value' | 'name' | 'first name' | 'rest' = 'value';

  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.test(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const next = (character: string): boolean => {
    if (text[at] !== character) return false;
    at += 1;
    return true;
  };
  const mistake = (what: string): JsonMistake => {
    const end = at >= text.length ? 'the text ends where there should be ' : 'there should be ';
    return { offset: Math.min(at, text.length), message: `${end}${what}` };
  };
  const badString = (): JsonMistake => ({
    offset: at,
    message: 'a string has no end, or a character in it needs a backslash before it',
  });

  for (;;) {
    skip(SPACE);
    if (expected === 'rest') {
      const holder = open.at(-1);
      if (holder === undefined) return at < text.length ? mistake('nothing more') : undefined;
      if (next(holder === '{' ? '}' : ']')) open.pop();
      else if (next(',')) expected = holder === '{' ? 'name' : 'value';
      else return mistake(holder === '{' ? 'a "," or "}"' : 'a "," or "]"');
    } else if (expected === 'name' || expected === 'first name') {
      if (expected === 'first name' && next('}')) {
        open.pop();
        expected = 'rest';
        continue;
      }
      if (!skip(STRING)) {
        return text[at] === '"' ? badString() : mistake('the name of a field, in double quotes');
      }
      skip(SPACE);
      if (!next(':')) return mistake('a ":" after the name of a field');
      expected = 'value';
    } else if (expected === 'first value' && next(']')) {
      open.pop();
      expected = 'rest';
    } else if (next('{')) {
      open.push('{');
      expected = 'first name';
    } else if (next('[')) {
      open.push('[');
      expected = 'first value';
    } else if (skip(STRING) || skip(SCALAR)) expected = 'rest';
    else return text[at] === '"' ? badString() : mistake('a value');
  }
}
