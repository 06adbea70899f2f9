const opening =
  '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title></head><body><p>';
const closing = '</p></body></html>';

/**
 * The page that the model `page-BYTES-WORD` (or `page-BYTES-WORD,…`) writes, in words as models
 * send them: exactly so many bytes, all of its text made of that word. Undefined for any other
 * model.
 */
export function writePage(model: string): string[] | undefined {
  const match = /^page-(\d+)-([a-z]+)(?:,|$)/.exec(model);
  if (match === null) return undefined;
  const word = `${match[2]} `;
  const room = Number(match[1]) - opening.length - closing.length;
  const words = new Array<string>(Math.floor(room / word.length)).fill(word);
  return [opening, ...words, word.slice(0, room % word.length), closing].filter(Boolean);
}
