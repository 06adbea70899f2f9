/** Words of another server for our log, without what they repeat of a request. */

const HIDDEN = '…';
/** This many characters in a row make a quotation. */
const RUN = 8;
const LONGEST = 300;

/**
 * `text`, cut to a log line's measure, with every run of eight characters or more that also stands
 * in one of `sources` left out: providers like to quote the prompt that they complain about.
 */
export function withoutQuotes(text: string, sources: readonly string[]): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}${HIDDEN}` : text;
  const haystacks = sources.map((source) => source.toLowerCase());
  const lower = cut.toLowerCase();
  const quoted = new Array<boolean>(cut.length).fill(false);
  for (let start = 0; start + RUN <= cut.length; start++) {
    const run = lower.slice(start, start + RUN);
    if (haystacks.some((source) => source.includes(run))) quoted.fill(true, start, start + RUN);
  }
  let clean = '';
  for (let i = 0; i < cut.length; i++) {
    if (quoted[i] !== true) clean += cut[i];
    else if (quoted[i - 1] !== true) clean += HIDDEN;
  }
  return clean;
}
