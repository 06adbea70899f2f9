/**
 * A page made of tokens that can be counted and timed: each says whose it is, which one it is, and
 * when it was sent, in nanoseconds of the monotonic clock, which all processes of a machine share.
 */

/** How a page is written: so many tokens, one in so many milliseconds, the first after a while. */
export interface Pace {
  readonly tokens: number;
  /** 0: all of them at once. */
  readonly everyMs: number;
  readonly firstMs: number;
}

const idDigits = 8;
const stampDigits = 18;

export const opening = '<!doctype html><html lang="en"><head><title>Page</title></head><body><p>';
export const closing = '</p></body></html>';

/** The name of the model that writes at this pace: `tokens-20-every-500-after-1000`. */
export function modelOf({ tokens, everyMs, firstMs }: Pace): string {
  return `tokens-${tokens}-every-${everyMs}-after-${firstMs}`;
}

/** The pace that a model's name says; undefined when it is no name of such a model. */
export function paceOf(model: string): Pace | undefined {
  const match = /^tokens-(\d+)-every-(\d+)-after-(\d+)$/.exec(model);
  if (match === null) return undefined;
  const [tokens = 0, everyMs = 0, firstMs = 0] = match.slice(1).map(Number);
  return { tokens, everyMs, firstMs };
}

/** Milliseconds from the question to the last token. */
export function durationOf({ tokens, everyMs, firstMs }: Pace): number {
  return firstMs + (tokens - 1) * everyMs;
}

/** What stands for a visitor's number where every visitor has a page of their own. */
export const ownId = '@'.repeat(idDigits);

/**
 * Milliseconds within which pages that were held back begin, evenly spread: all of them at once
 * would measure how many pages can begin in a moment, not how many can go on.
 */
export function spreadOf(pace: Pace): number {
  return durationOf(pace) / 2;
}

/** The number that all visitors of one page have. */
export function sharedId(id: number): string {
  return String(id).padStart(idDigits, '0');
}

/** The number in a question: `id-00000042`. */
export function idOf(text: string): string | undefined {
  return /id-(\d{8})/.exec(text)?.[1];
}

export function writeToken(id: string, at: number, ns: bigint): string {
  return token(id, at, String(ns).padStart(stampDigits, '0'));
}

/** What visitors have to get, with `#` for the digits of stamps. */
export function expectPage({ tokens }: Pace, id: string): string {
  return opening + expectTokens(tokens, id, ' ') + closing;
}

/** The same where a stream of events is read, of which only the tokens are looked at. */
export function expectScan({ tokens }: Pace, id: string): string {
  return expectTokens(tokens, id, '');
}

function expectTokens(count: number, id: string, between: string): string {
  const mark = (at: number) => token(id, at, '#'.repeat(stampDigits)).trim();
  return Array.from({ length: count }, (_, at) => mark(at) + between).join('');
}

function token(id: string, at: number, stamp: string): string {
  return `[${id} ${String(at).padStart(4, '0')} ${stamp}] `;
}
