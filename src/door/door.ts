/**
 * The way of a program that speaks OpenAI's protocol. Pages have their own, in pipeline.ts; both
 * make the same calls, and share and keep answers in the same way.
 *
 *   request ── model ── content key ── cache ─┬─ there: sent
 *                                             └─ else: provider ── lines ─┬─ stream, or object
 *                                                                         └─ cache
 */

import { makeAnswer } from '../caching/answer.ts';
import type { Answers } from '../caching/answers.ts';
import type { CallObserver } from '../calls.ts';
import type { Clock } from '../clock.ts';
import { Completion } from '../completion.ts';
import { MuseError } from '../errors.ts';
import type { Handler, Header, PageRequest, Reply } from '../exchange.ts';
import { noteFacts } from '../facts.ts';
import { type Flight, policyFor } from '../flight.ts';
import { readBody } from '../forms/body.ts';
import { type Log, SharedLog } from '../log.ts';
import { hitStatus, missStatus } from '../replies.ts';
import { type Asked, readRequest } from '../request.ts';
import { UnderWay } from '../under-way.ts';
import { sendApiError } from './api-errors.ts';
import { asObject, bodyOf } from './as-object.ts';
import { asStream } from './as-stream.ts';
import { type ChatJob, type ChatSources, findModel, prepareChat } from './chat-job.ts';
import { readChatRequest } from './chat-request.ts';
import { createChatWriter } from './chat-writer.ts';
import { listModels, modelObject } from './model-list.ts';
import { methodsOf, type Route, routeOf } from './route.ts';

export interface DoorParts extends ChatSources {
  readonly answers: Answers;
  readonly calls: CallObserver;
  readonly clock: Clock;
  /** A log whose lines belong to one request. */
  readonly logFor: (reply: Reply) => Log;
  /** The log of what belongs to none. */
  readonly log: Log;
}

export function createDoor(parts: DoorParts): Handler {
  const { answers, calls, clock, models } = parts;
  const underWay = new UnderWay<Flight>();
  const created = Math.floor(clock.now() / 1_000);

  return async (request, reply) => {
    const log = parts.logFor(reply);
    try {
      await answer(request, reply, log);
    } catch (thrown) {
      if (request.signal.aborted) return;
      const error = MuseError.from(thrown);
      log.write(error.code, error.message);
      sendApiError(reply, error);
    }
  };

  async function answer(request: PageRequest, reply: Reply, log: Log): Promise<void> {
    const asked = readRequest(request.params);
    const route = routeOf(asked.path);
    if (route === undefined) throw unknownPath(asked);
    if (!methodsOf(route).includes(asked.method)) throw otherMethod(asked, route);
    if (route.name === 'chat') await chat(asked, request, reply, log);
    else if (route.name === 'models') {
      sendJson(reply, listModels(models.registry, asked.modelDefault, created));
    } else {
      const { name } = findModel(route.id, asked.modelDefault, models, log);
      sendJson(reply, modelObject(name, created));
    }
  }

  async function chat(asked: Asked, request: PageRequest, reply: Reply, log: Log): Promise<void> {
    const { params, signal } = request;
    const wanted = readChatRequest((await readBody(asked.path, request.body)).toString());
    const job = prepareChat(asked, wanted, params.get('HTTP_CACHE_CONTROL'), parts, log);
    const { key, policy } = job;
    const form = wanted.stream ? asStream(wanted.includeUsage) : asObject();
    reply.note('muse-key', key);
    const kept = policy.lookUp ? await answers.find(key, policy.ttl, asked.file) : undefined;
    if (kept !== undefined) {
      noteFacts(reply, kept.facts);
      form.sendKept(reply, kept, headOf(hitStatus(kept, policy.ttl, clock.now())));
      return;
    }
    if (signal.aborted) return;
    const flying = policy.lookUp ? underWay.find(key) : undefined;
    const found =
      flying === undefined || answers.arePurged(asked.file, flying.begun) ? undefined : flying;
    const flight = found ?? startFlight(job, asked);
    flight.log.add(log);
    // All of them come by POST: that is never why the cache was passed over.
    const question = { ...asked, method: 'GET' };
    const head = headOf(missStatus(question, policy, found !== undefined));
    noteFacts(reply, flight.writer.facts());
    await form.sendWritten(reply, flight, head, signal);
    flight.log.remove(log);
  }

  function startFlight({ key, model, policy, provider, request }: ChatJob, asked: Asked): Flight {
    const log = new SharedLog(parts.log);
    const begun = answers.now();
    const bytesMax = asked.maxPageSize;
    const cause = { path: asked.path, traceparent: asked.traceparent };
    const options = { provider, request, model, bytesMax, calls, cause, clock, log };
    const writer = createChatWriter(options);
    const completion = new Completion({
      writer,
      async keep(lines) {
        if (!policy.store) return undefined;
        const { ttl } = policyFor(writer, policy);
        const kept = makeAnswer(bodyOf(lines), [], clock.now(), ttl * 1_000, 0, writer.facts());
        const of = { file: asked.file, begun };
        return (await answers.keep(key, kept, of)) ? kept : undefined;
      },
      // The writer counts, without the frame around each piece.
      bytesMax: Number.POSITIVE_INFINITY,
      finishAbandoned: asked.finishAbandoned && policy.store,
      log,
    });
    const flight = { completion, writer, log, scripts: undefined, begun };
    if (policy.lookUp) underWay.add(key, flight);
    return flight;
  }
}

/** The answer to a POST is for its sender: no cache on the way may keep it. */
function headOf(cacheStatus: string): Header[] {
  return [
    ['Cache-Control', 'no-store'],
    ['Cache-Status', cacheStatus],
  ];
}

function sendJson(reply: Reply, value: object): void {
  const body = Buffer.from(JSON.stringify(value));
  reply.head(200, [
    ['Content-Type', 'application/json'],
    ['Content-Length', String(body.length)],
    ['Cache-Control', 'no-store'],
  ]);
  reply.write(body);
  reply.end('whole');
}

function unknownPath({ path }: Asked): MuseError {
  const known = 'there are /v1/chat/completions, /v1/models and /v1/models/NAME';
  return new MuseError('chat-unknown-path', `${path} is nothing that programs can ask; ${known}`, {
    told: { message: `There is nothing at ${path}; ${known}.`, code: 'unknown_url' },
  });
}

function otherMethod({ method, path }: Asked, route: Route): MuseError {
  const text = `${path} is not asked by ${method}`;
  return new MuseError('chat-other-method', text, {
    allow: [...methodsOf(route), 'OPTIONS'].join(', '),
    told: { message: `${text}; see Allow.`, code: 'method_not_allowed' },
  });
}
