/** A chat completion as OpenAI streams it: events of chunks, then [DONE]. */

import type { Answer } from '../caching/answer.ts';
import type { Header, Reply } from '../exchange.ts';
import { noteFacts } from '../facts.ts';
import type { Flight } from '../flight.ts';
import { follow } from '../follow.ts';
import { errorObject, sendApiError } from './api-errors.ts';
import { type Identity, isUsage, LineReader } from './chunk-lines.ts';
import { type ChatCompletion, chunksOf } from './completion-object.ts';
import type { ChatForm } from './forms.ts';

const TYPE: Header = ['Content-Type', 'text/event-stream; charset=utf-8'];
const DONE = 'data: [DONE]\n\n';

export function asStream(includeUsage: boolean): ChatForm {
  return {
    sendKept(reply: Reply, answer: Answer, head: readonly Header[]) {
      const completion: ChatCompletion = JSON.parse(answer.body.toString());
      reply.head(200, [TYPE, ...head]);
      const chunks = chunksOf(completion, includeUsage).map((chunk) =>
        event(JSON.stringify(chunk)),
      );
      reply.write(`${chunks.join('')}${DONE}`);
      reply.end('whole');
    },

    async sendWritten(reply: Reply, flight: Flight, head: readonly Header[], signal: AbortSignal) {
      let begun = false;
      const format = chunkFormat(includeUsage);
      const lines = new LineReader();
      const take = (piece: Buffer): Promise<void> | undefined => {
        const events = lines.push(piece).map(format).join('');
        if (events === '') return undefined;
        // With the first chunk, so that a failure before it can be told by a status.
        if (!begun) reply.head(200, [TYPE, ...head]);
        begun = true;
        return reply.write(events);
      };
      const outcome = await follow(flight.completion, 0, take, signal);
      if (outcome === undefined) return;
      noteFacts(reply, flight.writer.facts());
      const failed = outcome.kind === 'failed' || outcome.kind === 'broken';
      if (failed && !begun) {
        sendApiError(reply, outcome.error);
        return;
      }
      if (!begun) reply.head(200, [TYPE, ...head]);
      reply.write(failed ? event(JSON.stringify(errorObject(outcome.error))) : DONE);
      // A broken one has said so in its own way.
      reply.end('whole');
    },
  };
}

/** Lines into events; the first line says what goes into all of them. */
function chunkFormat(includeUsage: boolean): (line: string) => string {
  let common: string | undefined;
  return (line) => {
    if (common === undefined) {
      const identity: Identity = JSON.parse(line);
      common = JSON.stringify({ object: 'chat.completion.chunk', ...identity }).slice(0, -1);
      return '';
    }
    if (isUsage(line)) return includeUsage ? event(`${common},${line.slice(1)}`) : '';
    // A stream that tells the usage at its end has the field before it, too.
    return event(`${common}${includeUsage ? ',"usage":null' : ''},${line.slice(1)}`);
  };
}

function event(data: string): string {
  return `data: ${data}\n\n`;
}
