import type { Agent } from 'node:http';
import type { Result } from '../../test/harness/exchange.ts';
import { KeptConnectionClosed, type RequestOptions } from '../../test/harness/http1.ts';
import type { Httpd } from '../../test/harness/httpd.ts';
import { textOf } from '../../test/harness/server-sent-events.ts';
import type { Numbers } from '../numbers.ts';
import { expectPage, modelOf, type Pace, sharedId } from '../provider/tokens.ts';

/** One way in which visitors ask; `ask` tells what was wrong with the answer, if anything was. */
export interface Kind {
  readonly name: string;
  /** How many of a thousand requests are of this kind. */
  readonly share: number;
  readonly ask: () => Promise<string | undefined>;
}

/** A page that is there with the first byte, and one that is long in coming. */
export const quick: Pace = { tokens: 20, everyMs: 0, firstMs: 0 };
export const slow: Pace = { tokens: 40, everyMs: 500, firstMs: 0 };

export const formPage = 'letter.ai';
/** Each is asked for several times a second, and written again when its time is over. */
const popularPages = 200;
/** How many addresses the visitors come from, which the rate limit counts each for itself. */
const addresses = 250;
const noise = /\d{18}/g;

/** All kinds that the load is made of; `numbers` gives each cold page one that nobody had. */
export function makeKinds(httpd: Httpd, agent: Agent, numbers: Numbers): Kind[] {
  const popular = numbers.take(popularPages);
  const tags = new Map<number, string>();
  const pick = () => popular + Math.floor(Math.random() * popularPages);
  const path = (id: number, pace: Pace) => `/${modelOf(pace)}.ai?n=id-${sharedId(id)}`;
  const ask = askFrom(httpd, agent);
  const get = (id: number, headers: Record<string, string> = {}) =>
    ask(path(id, quick), { headers });

  async function cached(): Promise<string | undefined> {
    const id = pick();
    const answer = await get(id);
    if (answer.headers.etag !== undefined) tags.set(id, answer.headers.etag);
    return judge(answer, id, answer.text);
  }

  async function unchanged(): Promise<string | undefined> {
    const id = pick();
    const answer = await get(id, { 'If-None-Match': tags.get(id) ?? '"none"' });
    return answer.status === 304 ? undefined : judge(answer, id, answer.text);
  }

  async function cold(): Promise<string | undefined> {
    const id = numbers.take(1);
    const answer = await get(id);
    return judge(answer, id, answer.text);
  }

  async function events(): Promise<string | undefined> {
    const id = numbers.take(1);
    const answer = await get(id, { Accept: 'text/event-stream' });
    return judge(answer, id, textOf(answer.text));
  }

  async function form(): Promise<string | undefined> {
    const id = numbers.take(1);
    // On a connection of its own: nobody sends a form twice without being asked.
    const answer = await httpd.get(`/${formPage}`, {
      ...{ method: 'POST', body: `n=id-${sharedId(id)}` },
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    return judge(answer, id, answer.text);
  }

  async function leave(): Promise<string | undefined> {
    const exchange = httpd.open(path(numbers.take(1), slow));
    const { status } = await exchange.head;
    await exchange.change();
    exchange.leave();
    return status === 200 ? undefined : `status ${status}`;
  }

  async function missing(): Promise<string | undefined> {
    const { status } = await ask(`/missing-${numbers.take(1)}.ai`);
    return status === 404 ? undefined : `status ${status}`;
  }

  return [
    { name: 'cached page', share: 905, ask: cached },
    { name: 'cached page, not modified', share: 50, ask: unchanged },
    { name: 'cold page', share: 20, ask: cold },
    { name: 'cold page as events', share: 10, ask: events },
    { name: 'form', share: 5, ask: form },
    { name: 'visitor who leaves', share: 5, ask: leave },
    { name: 'no such page', share: 5, ask: missing },
  ];
}

/**
 * Asks from one address after the other, on connections that are kept. httpd closes those that wait
 * when all its threads are busy; as browsers do, the request is then sent again.
 */
function askFrom(httpd: Httpd, agent: Agent) {
  let visitor = 0;
  return async (path: string, options: RequestOptions = {}): Promise<Result> => {
    visitor = (visitor + 1) % addresses;
    const from = { ...options, localAddress: `127.0.1.${visitor + 1}` };
    try {
      return await httpd.get(path, { ...from, agent });
    } catch (error) {
      if (!(error instanceof KeptConnectionClosed)) throw error;
      return await httpd.get(path, from);
    }
  };
}

/** What is wrong with an answer that should be page `id`, of which `text` came. */
function judge(
  { status, complete }: { readonly status: number; readonly complete: boolean },
  id: number,
  text: string,
): string | undefined {
  if (status !== 200) return `status ${status}`;
  if (!complete) return 'cut off';
  if (
    text.replace(noise, (digits) => '#'.repeat(digits.length)) === expectPage(quick, sharedId(id))
  )
    return undefined;
  return `not the page ${id}: ${text.slice(0, 200)}`;
}
