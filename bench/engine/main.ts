/**
 * An engine that does nothing but write tokens: no prompts, no models, no provider. What is left
 * between it and a visitor is httpd, so that the delay of its tokens is httpd's alone.
 *
 * It holds all pages back until it gets SIGUSR2; then they begin, as `spreadOf` says.
 */
import { Socket } from 'node:net';
import { openControl } from '../../src/control.ts';
import type { Reply } from '../../src/exchange.ts';
import { serveFastCgi } from '../../src/fastcgi/server.ts';
import { Region } from '../../src/region.ts';
import { Pacer } from '../provider/pacer.ts';
import {
  closing,
  idOf,
  opening,
  type Pace,
  paceOf,
  spreadOf,
  writeToken,
} from '../provider/tokens.ts';

interface Page {
  readonly id: string;
  readonly pace: Pace;
  readonly reply: Reply;
  readonly signal: AbortSignal;
  readonly ended: () => void;
}

// The descriptors that the supervisor passes, and how often it wants to hear that we live.
const [listenFd, regionFd, controlFd] = [3, 4, 5];
const beatMs = 500;

const control = openControl(new Socket({ fd: controlFd, readable: true, writable: true }));
const { engine } = JSON.parse(await control.settings) as { engine: number };
const region = Region.attach(regionFd);
const pacer = new Pacer();
let held: Page[] | undefined = [];

const server = await serveFastCgi(listenFd, ({ params, signal }, reply) => {
  const uri = params.get('DOCUMENT_URI') ?? '';
  const pace = paceOf(uri.slice(1).replace(/\.ai$/, ''));
  const id = idOf(params.get('QUERY_STRING') ?? '');
  if (pace === undefined || id === undefined) throw new Error(`no page of tokens: ${uri}`);
  return new Promise((ended) => {
    const page = { id, pace, reply, signal, ended };
    if (held === undefined) begin(page, performance.now() + pace.firstMs);
    else held.push(page);
  });
});
process.on('SIGUSR2', () => {
  const waiting = held ?? [];
  held = undefined;
  const now = performance.now();
  for (const [at, page] of waiting.entries()) {
    begin(page, now + (spreadOf(page.pace) * at) / waiting.length);
  }
});
region.beat(engine);
setInterval(() => region.beat(engine), beatMs);
control.ready();
const end = await Promise.race([
  control.gone.then(() => 'gone' as const),
  control.drain.then(() => 'drain' as const),
]);
if (end === 'drain') await Promise.race([server.drain(), control.gone]);
process.exit(0);

function begin({ id, pace, reply, signal, ended }: Page, due: number): void {
  let next = 0;
  pacer.add(due, () => {
    if (signal.aborted) {
      ended();
      return undefined;
    }
    if (next === 0) reply.head(200, [['Content-Type', 'text/html; charset=utf-8']]);
    const before = next === 0 ? opening : '';
    const token = writeToken(id, next, process.hrtime.bigint());
    next += 1;
    const over = next === pace.tokens;
    // Nobody here is slow enough to be waited for: a page is a few hundred bytes.
    void reply.write(before + token + (over ? closing : ''));
    if (!over) return due + next * pace.everyMs;
    reply.end('whole');
    ended();
    return undefined;
  });
}
