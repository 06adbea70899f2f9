import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectPage, expectScan, ownId, writeToken } from '../../bench/provider/tokens.ts';
import { sendVisitors, type Visit, type Visitors } from '../../bench/visitors/visitors.ts';

const pace = { tokens: 2, everyMs: 0, firstMs: 0 };
const opening = expectPage({ ...pace, tokens: 0 }, ownId).replace(/<\/p>.*/, '');
const closing = '</p></body></html>';

/** The page of visitor 7, which asks below, with tokens as they are sent now. */
function page(id = '00000007'): string {
  const tokens = [0, 1].map((at) => writeToken(id, at, process.hrtime.bigint()));
  return opening + tokens.join('') + closing;
}

const head = (...lines: readonly string[]) => `HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\n\r\n`;
const sized = (body: string) => head(`Content-Length: ${body.length}`) + body;
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const chunked = (...texts: readonly string[]) =>
  `${head('Transfer-Encoding: chunked')}${texts.map(chunk).join('')}0\r\n\r\n`;

describe('visitors', () => {
  let server: Server;
  let answer: (socket: Socket) => void | Promise<void>;
  const requests: string[] = [];

  beforeEach(async () => {
    requests.length = 0;
    server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (bytes) => {
        requests.push(bytes.toString());
        void answer(socket);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.close();
  });

  async function visit(options: Partial<Visitors> = {}): Promise<readonly Visit[]> {
    const address = server.address();
    const { visits } = await sendVisitors({
      port: typeof address === 'object' && address !== null ? address.port : 0,
      request: `GET /?n=id-${ownId} HTTP/1.1\r\n\r\n`,
      expected: expectPage(pace, ownId),
      visitors: 1,
      first: 7,
      seconds: 20,
      delays: true,
      ...options,
    });
    return visits;
  }

  it('find a page right that is, however it is framed, and time its tokens', async () => {
    const wholes = [
      () => sized(page()),
      () => chunked(page().slice(0, 90), page().slice(90)),
      () => head('Connection: close') + page(),
    ];
    for (const whole of wholes) {
      answer = (socket) => void socket.end(whole());
      const [seen] = await visit();
      expect(seen).toMatchObject({ id: 7, verdict: 'right', status: 200, bytes: page().length });
      expect(seen?.delays).toHaveLength(2);
      expect(seen?.first).toBeGreaterThanOrEqual(seen?.begun ?? Infinity);
      expect(Math.max(...(seen?.delays ?? [Infinity]))).toBeLessThan(10_000_000);
    }
    expect(requests[0]).toContain('n=id-00000007 ');
  });

  it('read it byte by byte too', async () => {
    answer = async (socket) => {
      for (const byte of chunked(page())) {
        socket.write(byte);
        await setImmediate();
      }
    };
    expect((await visit())[0]?.verdict).toBe('right');
  });

  it.each([
    ['another visitor’s page', () => sized(page('00000008'))],
    ['a wrong byte', () => sized(page().replace('</p>', '</q>'))],
    ['a page that ends too early', () => sized(page().slice(0, -1))],
    ['a page that goes on', () => sized(`${page()}x`)],
    ['another status', () => sized(page()).replace('200', '503')],
  ])('find wrong: %s', async (_, wrong) => {
    answer = (socket) => void socket.end(wrong());
    expect((await visit())[0]?.verdict).toBe('wrong');
  });

  it('tell a page that is cut off from one that is whole', async () => {
    answer = (socket) => void socket.end(chunked(page()).slice(0, -5));
    expect((await visit())[0]?.verdict).toBe('cut');
  });

  it('tell a page that did not end in time, and visitors who had not come yet', async () => {
    answer = (socket) => void socket.write(chunked(page()).slice(0, 120));
    const seen = await visit({ visitors: 2, rate: 1, seconds: 1 });
    expect(seen.map(({ id, verdict }) => [id, verdict])).toEqual([
      [7, 'unfinished'],
      [8, 'unfinished'],
    ]);
  });

  it('find tokens in an event stream, and miss the one that is not there', async () => {
    const event = (at: number) =>
      `data: {"choices":[{"delta":{"content":"${writeToken('00000007', at, 1n)}"}}]}\n\n`;
    const scanned = { expected: expectScan(pace, ownId), scan: true };
    answer = (socket) => void socket.end(chunked(event(0), `${event(1)}data: [DONE]\n\n`));
    expect((await visit(scanned))[0]?.verdict).toBe('right');
    answer = (socket) => void socket.end(chunked(event(1), 'data: [DONE]\n\n'));
    expect((await visit(scanned))[0]?.verdict).toBe('wrong');
  });

  it('ask again when a connection that was kept open is closed under them', async () => {
    const used = new WeakSet<Socket>();
    answer = (socket) => {
      const id = /id-(\d+)/.exec(requests.at(-1) ?? '')?.[1];
      if (used.has(socket)) socket.destroy();
      else socket.write(sized(page(id)));
      used.add(socket);
    };
    const seen = await visit({ loop: true, seconds: 1 });
    expect(seen.length).toBeGreaterThan(1);
    expect(new Set(seen.map(({ verdict }) => verdict))).toEqual(new Set(['right']));
  });
});
