/** Whether an answer is what the provider must have written for the request. */

import type { Result } from '../../harness/exchange.ts';
import { namesOf, parseEvents, textOf } from '../../harness/server-sent-events.ts';
import { nameIn, pageOf } from '../content.ts';
import type { Stage } from '../stage.ts';
import type { Kind } from './kinds.ts';
import type { Outcome } from './record.ts';

export interface Verdict {
  readonly outcome: Outcome;
  readonly detail: string;
}

export interface Case {
  readonly kind: Kind;
  readonly id: string;
  readonly start: number;
  readonly end: number;
  readonly result: Result;
}

const whole: Verdict = { outcome: 'whole', detail: '' };
const wrong = (detail: string): Verdict => ({ outcome: 'wrong', detail });

export function judge(stage: Stage, one: Case): Verdict {
  const { result, kind } = one;
  if (result.status >= 400) return judgeRefusal(result);
  if (result.status !== 200) return wrong(`status ${result.status}`);
  if (!hasSaneAge(result)) return wrong(`Age ${result.headers.age}`);
  if (!isFramed(result)) return wrong('nothing tells where the answer ends');
  if (kind.asks === 'for a file') return judgeFile(result);
  if (kind.asks === 'for events') return judgeEvents(stage, one);
  if (!result.complete) {
    return (
      judgeText(stage, one, withoutNotice(result.text)) ?? aborted(`${result.body.length} bytes`)
    );
  }
  return judgeText(stage, one, result.text) ?? judgeEnd(result.text);
}

const aborted = (detail: string): Verdict => ({ outcome: 'aborted', detail });

/** HTTP/1.1 tells the end by a length or by chunks; by the connection's end alone, it can't. */
function isFramed({ headers }: Result): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] === 'chunked';
}

/** No page is older than a run may take, whatever the clocks said. */
function hasSaneAge({ headers: { age } }: Result): boolean {
  return age === undefined || (/^\d+$/.test(age) && Number(age) < 1_800);
}

function judgeRefusal({ status, headers, complete, text }: Result): Verdict {
  if (!complete) return aborted(`status ${status}, cut off`);
  if (/line \d+<\/p>/.test(text)) return wrong(`status ${status} with a page`);
  const isLater = status === 503 || status === 429;
  if (isLater && !(Number(headers['retry-after']) > 0))
    return wrong(`${status} without Retry-After`);
  return { outcome: 'refused', detail: `status ${status}` };
}

function judgeFile({ complete, text }: Result): Verdict {
  if (!complete) return aborted('a file');
  return text === 'static\n' ? whole : wrong(`another file: ${quote(text)}`);
}

function judgeEvents(stage: Stage, one: Case): Verdict {
  const { text, complete } = one.result;
  const names = namesOf(text);
  const page = names.at(-1) === 'done' ? textOf(text) : withoutNotice(textOf(text));
  const found = judgeText(stage, one, page);
  if (found !== undefined) return found;
  if (names.at(-1) === 'done' && complete) return judgeEnd(page);
  const errors = parseEvents(text).filter(({ event }) => event === 'error');
  if (complete && errors.length === 0) return wrong(`events end with ${names.at(-1)}`);
  return aborted(complete ? 'told by an event' : 'events cut off');
}

/** The beginning of a page, or all of it: undefined where it is right as far as it goes. */
function judgeText(
  stage: Stage,
  { kind, id, start, end }: Case,
  text: string,
): Verdict | undefined {
  const name = nameIn(text);
  if (name === undefined) {
    return text.length < 120 ? undefined : wrong(`no name: ${quote(text)}`);
  }
  if (name.id !== id) return wrong(`asked for ${id}, got ${name.id}`);
  if (!kind.writers.includes(name.writer)) return wrong(`written by ${name.writer}`);
  const isStale = kind.name === 'stale';
  if (!isStale && !kind.editions(stage).allows(name.edition, start, end)) {
    return wrong(`edition ${name.edition}, which is ${kind.editions(stage).current}`);
  }
  if (!isStale && !stage.houses.allows(name.house, start, end)) {
    return wrong(`house ${name.house}, which is ${stage.houses.current}`);
  }
  const expected = pageOf(name);
  if (expected.startsWith(text)) return undefined;
  const at = [...text].findIndex((_, i) => text[i] !== expected[i]);
  return wrong(`differs at ${at}: ${quote(text.slice(Math.max(0, at - 40), at + 80))}`);
}

/** For a text that is right as far as it goes, and is said to be whole. */
function judgeEnd(text: string): Verdict {
  const name = nameIn(text);
  if (name !== undefined && text === pageOf(name)) return whole;
  return wrong(`truncated after ${text.length} characters: ${quote(text.slice(-80))}`);
}

/** A page that broke off ends with a notice, after whatever was closed for it to be seen. */
function withoutNotice(text: string): string {
  const at = text.indexOf('<div role="alert"');
  return at < 0 ? text : text.slice(0, text.lastIndexOf('</p>\n', at) + 5);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 160 ? `${text.slice(0, 160)}…` : text);
}
