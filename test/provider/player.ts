import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  countUsage,
  type Identity,
  makeChunk,
  makeCompletion,
  makeUsageChunk,
} from './completion.ts';
import type { FixedScript, Script, Step, StreamScript } from './script.ts';
import { WireWriter } from './wire.ts';

/** What the player has to know about the request that it answers. */
export interface Cue {
  readonly identity: Identity;
  readonly streaming: boolean;
  readonly withUsage: boolean;
  readonly promptChars: number;
  /** Aborted when the client left or the provider closes. */
  readonly signal: AbortSignal;
}

/** How an answer ended: the client leaving (or the provider closing) is `aborted`. */
export type Ending = 'finished' | 'cut' | 'aborted';

/** Plays a script as the answer to one request. Returns when it is over or the client left. */
export async function play(script: Script, response: ServerResponse, cue: Cue): Promise<Ending> {
  if (script.kind === 'fixed') return playFixed(script, response, cue.signal);
  if (cue.streaming) return new StreamPlayer(script, response, cue).play();
  return playWhole(script, response, cue);
}

function isPause(step: Step): boolean {
  return ['wait', 'hold', 'stall', 'cut'].includes(step.kind);
}

/** Does the steps that send nothing; says how the answer ended if it is over. */
async function pause(
  step: Step,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<Ending | undefined> {
  if (step.kind === 'wait') await sleepUntil(step.ms, signal);
  else if (step.kind === 'hold') await step.gate.pass(signal);
  else if (step.kind === 'stall') await aborted(signal);
  if (signal.aborted) return 'aborted';
  if (step.kind !== 'cut') return undefined;
  // destroySoon lets what was written leave first; a plain destroy would take it back.
  if (step.how === 'close') response.socket?.destroySoon();
  else response.socket?.resetAndDestroy();
  return 'cut';
}

async function playFixed(
  script: FixedScript,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<Ending> {
  for (const step of script.before) {
    const ending = await pause(step, response, signal);
    if (ending !== undefined) return ending;
  }
  response.writeHead(script.status, {
    ...script.headers,
    'content-length': Buffer.byteLength(script.body),
  });
  return endWith(response, script.body);
}

async function playWhole(
  script: StreamScript,
  response: ServerResponse,
  cue: Cue,
): Promise<Ending> {
  for (const step of script.steps) {
    const ending = await pause(step, response, cue.signal);
    if (ending !== undefined) return ending;
  }
  const { identity, promptChars } = cue;
  response.writeHead(200, { 'content-type': 'application/json' });
  return endWith(response, JSON.stringify(makeCompletion(identity, script.steps, promptChars)));
}

class StreamPlayer {
  readonly #script: StreamScript;
  readonly #response: ServerResponse;
  readonly #cue: Cue;
  readonly #writer: WireWriter;
  #tokens = 0;

  constructor(script: StreamScript, response: ServerResponse, cue: Cue) {
    this.#script = script;
    this.#response = response;
    this.#cue = cue;
    this.#writer = new WireWriter(response, script.wire);
  }

  async play(): Promise<Ending> {
    for (const step of this.#script.steps) {
      if (isPause(step)) await this.#writer.flush();
      else await this.#send(step);
      const ending = await pause(step, this.#response, this.#cue.signal);
      if (ending !== undefined) return ending;
    }
    return this.#end();
  }

  async #send(step: Step): Promise<void> {
    await this.#head();
    switch (step.kind) {
      case 'text':
        this.#tokens += 1;
        await this.#chunk({ content: step.text });
        break;
      case 'reasoning':
        this.#tokens += 1;
        await this.#chunk({ [step.field]: step.text });
        break;
      case 'delta':
        this.#tokens += 1;
        await this.#chunk(step.delta);
        break;
      case 'finish':
        await this.#chunk({}, step.reason);
        break;
      case 'comment':
        await this.#writer.comment(step.text);
        break;
      case 'raw':
        await this.#writer.write(step.bytes);
        break;
      case 'error': {
        const error = { message: step.message, type: step.code, param: null, code: step.code };
        await this.#writer.event(JSON.stringify({ error }));
        break;
      }
    }
  }

  /** The head, and with it the chunk that says the role. */
  async #head(): Promise<void> {
    if (this.#response.headersSent) return;
    this.#response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
    });
    this.#response.flushHeaders();
    await this.#chunk({ role: 'assistant', content: '' });
  }

  async #chunk(delta: Readonly<Record<string, unknown>>, finish: string | null = null) {
    const { identity, withUsage } = this.#cue;
    await this.#writer.event(JSON.stringify(makeChunk(identity, delta, finish, withUsage)));
  }

  async #end(): Promise<Ending> {
    await this.#head();
    const { identity, withUsage, promptChars } = this.#cue;
    if (withUsage && this.#script.done) {
      const usage = countUsage(promptChars, this.#tokens);
      await this.#writer.event(JSON.stringify(makeUsageChunk(identity, usage)));
    }
    if (this.#script.done) await this.#writer.event('[DONE]');
    await this.#writer.flush();
    return endWith(this.#response);
  }
}

/** Ends the response and says whether all of it left before the client did. */
function endWith(response: ServerResponse, body?: string): Promise<Ending> {
  return new Promise((resolve) => {
    response.once('finish', () => resolve('finished'));
    response.once('close', () => resolve('aborted'));
    if (response.destroyed) resolve('aborted');
    response.end(body);
  });
}

async function sleepUntil(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
