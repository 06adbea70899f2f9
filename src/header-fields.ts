/** The parts that values of header fields are made of (RFC 9110, section 5.6). */

/** The parts between the `separator`s that stand in no quoted string. */
export function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (character === '"') quoted = !quoted;
    else if (character === '\\' && quoted) i += 1;
    else if (character === separator && !quoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** `name=value` or `name="value"`: the name in small letters, the value without its quotes. */
export function readParameter(text: string): [name: string, value: string] {
  const equals = text.indexOf('=');
  if (equals < 0) return [text.trim().toLowerCase(), ''];
  const value = text.slice(equals + 1).trim();
  const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
  const bare = isQuoted ? value.slice(1, -1).replace(/\\(.)/gs, '$1') : value;
  return [text.slice(0, equals).trim().toLowerCase(), bare];
}
