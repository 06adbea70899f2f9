import { openHttp1 } from '../test/harness/http1.ts';
import type { Numbers } from './numbers.ts';
import type { TokenProvider } from './provider/token-provider.ts';
import { expectPage, expectScan, modelOf, ownId, type Pace, sharedId } from './provider/tokens.ts';
import { assertRight, sendVisitors, type Visitors } from './visitors/visitors.ts';

/** Something that visitors can ask for pages of tokens. */
export interface Front {
  readonly name: string;
  readonly port: number;
  /** What is asked for; `id` is what stands for the page's number. */
  readonly request: (pace: Pace, id: string) => string;
  /** It sends the event stream itself, not a page. */
  readonly events?: boolean;
  /** A header of its answers that shows that they are really its own. */
  readonly header: readonly [name: string, value: RegExp];
}

/** What asks a front for pages: each visitor for one of their own, or all for the page `id`. */
export function visitorsOf(
  front: Front,
  pace: Pace,
  id: number | 'own',
): Pick<Visitors, 'port' | 'request' | 'expected' | 'scan'> {
  const mark = id === 'own' ? ownId : sharedId(id);
  const scan = front.events === true;
  return {
    port: front.port,
    request: front.request(pace, mark),
    expected: scan ? expectScan(pace, mark) : expectPage(pace, mark),
    scan,
  };
}

/** A front whose pages lie at `path(pace)`, with the number in the query. */
export function pageFront(
  front: Pick<Front, 'name' | 'port' | 'header'>,
  path: (pace: Pace) => string,
): Front {
  return {
    ...front,
    request: (pace, id) => `GET ${path(pace)}?n=id-${id} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  };
}

/** A front that speaks OpenAI's protocol. */
export function eventsFront(
  front: Pick<Front, 'name' | 'port' | 'header'>,
  headers: Readonly<Record<string, string>> = {},
): Front {
  return {
    ...front,
    events: true,
    request(pace, id) {
      const messages = [{ role: 'user', content: `Write page id-${id}.` }];
      const body = JSON.stringify({ model: modelOf(pace), stream: true, messages });
      const lines = Object.entries({
        host: 'localhost',
        'content-type': 'application/json',
        'content-length': String(body.length),
        ...headers,
      }).map(([name, value]) => `${name}: ${value}\r\n`);
      return `POST /v1/chat/completions HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
    },
  };
}

/** The plain server, and what lies in front of it, name the model in the path. */
export const modelPath = (pace: Pace): string => `/${modelOf(pace)}`;

/** Throws unless a front answers right, the way its name says, and by asking the provider. */
export async function verifyFront(
  front: Front,
  pace: Pace,
  provider: TokenProvider,
  numbers: Numbers,
): Promise<void> {
  const id = numbers.take(2);
  const before = (await provider.tally()).asked;
  const asked = visitorsOf(front, pace, id);
  const { visits } = await sendVisitors({ ...asked, visitors: 1, first: id, seconds: 10 });
  assertRight(front.name, visits);
  if ((await provider.tally()).asked !== before + 1) {
    throw new Error(`${front.name} answered without asking the provider`);
  }
  const [name, wanted] = front.header;
  const value = (await ask(front, pace, sharedId(id + 1)))[name];
  if (!wanted.test(value ?? '')) throw new Error(`${front.name} sends ${name}: ${value}`);
}

/** The headers of one answer. */
async function ask(
  { port, request }: Front,
  pace: Pace,
  id: string,
): Promise<Readonly<Record<string, string>>> {
  const [head = '', body = ''] = request(pace, id).split('\r\n\r\n');
  const [line = '', ...lines] = head.split('\r\n');
  const [method = '', path = ''] = line.split(' ');
  const headers = Object.fromEntries(
    lines.map((each) => [each.slice(0, each.indexOf(':')), each.slice(each.indexOf(':') + 2)]),
  );
  const url = `http://127.0.0.1:${port}${path}`;
  const options = body === '' ? { headers } : { method, headers, body };
  return (await openHttp1(url, options).done).headers;
}
