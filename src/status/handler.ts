/** Answers the status page: the page itself, and the events that keep it up to date. */

import type { Clock } from '../clock.ts';
import type { Handler, PageRequest, Reply } from '../exchange.ts';
import type { StatusFeed, View } from './feed.ts';
import { PAGE_HEADERS, renderPage } from './page.ts';
import { partsOf } from './parts.ts';

/** After so long a reader comes back: it may find another engine, or none of this build. */
const STREAM_MS = 60_000;
const RETRY_MS = 1_000;

export interface StatusOptions {
  readonly feed: StatusFeed;
  readonly clock: Clock;
  /** Aborted when the engine is to end: the readers come back, and find another. */
  readonly ending: AbortSignal;
}

/** Whether httpd asks for the status page. */
export function isForStatus({ params }: PageRequest): boolean {
  return params.get('MUSE_ADMIN') === 'status';
}

export function createStatusPage({ feed, clock, ending }: StatusOptions): Handler {
  return async (request, reply) => {
    if (wantsEvents(request)) await sendEvents(request, reply);
    else sendPage(reply, feed.look());
  };

  async function sendEvents({ params, signal }: PageRequest, reply: Reply): Promise<void> {
    const parts = new Map<string, string>();
    const over = Promise.withResolvers<void>();
    const leave = (): void => over.resolve();
    reply.head(200, [
      ['Content-Type', 'text/event-stream'],
      ['Cache-Control', 'no-store'],
    ]);
    reply.write(`retry: ${RETRY_MS}\n\n`);
    let isSlow = false;
    const show = (view: View): void => {
      if (isSlow) return;
      const left = reply.write(eventOf(parts, view));
      if (left === undefined) return;
      isSlow = true;
      void left.then(() => {
        isSlow = false;
      });
    };
    const stop = feed.watch(show);
    const allowed = (Number(params.get('MUSE_TIMEOUT')) || 300) * 500;
    const timer = clock.after(Math.min(STREAM_MS, allowed), over.resolve);
    // Not AbortSignal.any: one of them lives as long as the engine, and would keep all replies.
    const signals = [signal, ending];
    for (const each of signals) each.addEventListener('abort', leave);
    try {
      if (signals.some(({ aborted }) => aborted)) over.resolve();
      else show(feed.look());
      await over.promise;
    } finally {
      for (const each of signals) each.removeEventListener('abort', leave);
      timer.clear();
      stop();
    }
    reply.end('whole');
  }
}

function wantsEvents({ params }: PageRequest): boolean {
  return /\btext\/event-stream\b/i.test(params.get('HTTP_ACCEPT') ?? '');
}

function sendPage(reply: Reply, view: View): void {
  const body = Buffer.from(renderPage(partsOf(view)));
  reply.head(200, [...PAGE_HEADERS, ['Content-Length', String(body.length)]]);
  reply.write(body);
  reply.end('whole');
}

/** The parts that differ from `known`, which then has them. JSON has no line break of its own. */
function eventOf(known: Map<string, string>, view: View): string {
  const changed: Record<string, string> = {};
  for (const [id, html] of partsOf(view)) {
    if (known.get(id) === html) continue;
    known.set(id, html);
    changed[id] = html;
  }
  return `data: ${JSON.stringify(changed)}\n\n`;
}
