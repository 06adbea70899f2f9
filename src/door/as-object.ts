/** A chat completion as one object, sent when all of it is there. */

import type { Answer } from '../caching/answer.ts';
import type { Header, Reply } from '../exchange.ts';
import { noteFacts } from '../facts.ts';
import type { Flight } from '../flight.ts';
import { follow } from '../follow.ts';
import { sendApiError } from './api-errors.ts';
import { completionOf } from './completion-object.ts';
import type { ChatForm } from './forms.ts';

export function asObject(): ChatForm {
  return {
    sendKept(reply: Reply, answer: Answer, head: readonly Header[]) {
      sendObject(reply, answer.body, head);
    },

    async sendWritten(reply: Reply, flight: Flight, head: readonly Header[], signal: AbortSignal) {
      const { completion } = flight;
      const outcome = await follow(completion, completion.length, () => undefined, signal);
      if (outcome === undefined) return;
      noteFacts(reply, flight.writer.facts());
      if (outcome.kind === 'failed' || outcome.kind === 'broken') {
        sendApiError(reply, outcome.error);
        return;
      }
      const kept = outcome.kind === 'whole' ? outcome.kept?.body : undefined;
      sendObject(reply, kept ?? bodyOf(completion.whole()), head);
    },
  };
}

/** The object whose lines `written` holds. */
export function bodyOf(written: Buffer): Buffer {
  return Buffer.from(JSON.stringify(completionOf(written.toString())));
}

function sendObject(reply: Reply, body: Buffer, head: readonly Header[]): void {
  reply.head(200, [
    ['Content-Type', 'application/json'],
    ['Content-Length', String(body.length)],
    ...head,
  ]);
  reply.write(body);
  reply.end('whole');
}
