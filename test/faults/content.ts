/**
 * What the provider writes: pages that name the prompt that they were asked for in every line, so
 * that a wrong page, one mixed from two, or one that lacks a piece is told from its text alone.
 */

import { finish, type RecordedRequest, type Script, say, wait } from '../provider/index.ts';

/** All that a page depends on. */
export interface PageName {
  readonly id: string;
  /** The number that stands in the page's file. */
  readonly edition: number;
  /** The number that stands in the system prompt; 0 where there is none. */
  readonly house: number;
  readonly writer: 'main' | 'spare';
}

export function textOfName({ id, edition, house, writer }: PageName): string {
  return `${id} e${edition} h${house} ${writer}`;
}

/** The name that a page says it has, or undefined. */
export function nameIn(page: string): PageName | undefined {
  const found = /<title>(\S+) e(\d+) h(\d+) (main|spare)<\/title>/.exec(page);
  if (found === null) return undefined;
  const [, id = '', edition, house, writer] = found;
  const who = writer === 'main' ? 'main' : 'spare';
  return { id, edition: Number(edition), house: Number(house), writer: who };
}

/** Lines of a page by the beginning of its id; all others are short. */
const lines = { slow: 3_000, fill: 500 } as const;

/** The pieces in which it is written; joined they are the page. */
export function piecesOf(name: PageName): string[] {
  const text = textOfName(name);
  const count = Object.entries(lines).find(([kind]) => name.id.startsWith(`${kind}-`))?.[1] ?? 12;
  const perPiece = Math.ceil(count / 12);
  const head = '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">';
  const pieces = [`${head}<title>${text}</title></head>\n<body>\n`];
  for (let from = 0; from < count; from += perPiece) {
    const numbers = Array.from({ length: Math.min(perPiece, count - from) }, (_, n) => from + n);
    pieces.push(numbers.map((n) => `<p>${text} line ${n}</p>\n`).join(''));
  }
  return [...pieces, '</body>\n</html>'];
}

export function pageOf(name: PageName): string {
  return piecesOf(name).join('');
}

/** What a request asks for, or undefined where it is not one of ours. */
export function nameAsked(
  request: RecordedRequest,
  writer: PageName['writer'],
): PageName | undefined {
  const all = request.messages.map(({ content }) => content).join('\n');
  const asked = /<visitor-input name="id">([\w-]+)<\/visitor-input> edition (\d+)/.exec(all);
  if (asked === null) return undefined;
  const house = /House (\d+)\./.exec(all)?.[1] ?? '0';
  return { id: asked[1] ?? '', edition: Number(asked[2]), house: Number(house), writer };
}

/** A model that takes its time: some 40 ms. */
export function write(name: PageName): Script {
  const pieces = piecesOf(name);
  const { steps, ...rest } = say(pieces, { betweenMs: 3, finish: null });
  return { ...rest, steps: [wait(10), ...steps, finish()] };
}
