/** `muse try`: a page as its visitor would get it, on the terminal. */

import { Backends } from '../backends.ts';
import { tellAll } from '../calls.ts';
import { DeferredAnswers } from '../deferred/deferred-answers.ts';
import { EVENTS } from '../events.ts';
import type { Header, LogLevel, Reply } from '../exchange.ts';
import { createPipeline } from '../pipeline.ts';
import { type Command, DONE, FAILED } from './command.ts';
import { noCache } from './no-cache.ts';
import type { Output } from './output.ts';
import { pageOptions, visitOf } from './page-request.ts';
import { openSite, type Site } from './site.ts';

export const tryCommand: Command = {
  name: 'try',
  summary: 'has a page written and shows it as it comes',
  takes: 'PAGE',
  least: 1,
  most: 1,
  completes: 'files',
  options: pageOptions,
  details:
    'The model is asked, which may cost something; Ctrl-C ends its call at once. The page goes to\n' +
    'standard output as visitors would get it, times and trouble go to standard error.',
  async run(call) {
    const { output, signal } = call;
    const visit = visitOf(call);
    const site = await openSite(call);
    const reply = new TerminalReply(output, site);
    await pipelineOf(site)({ ...visit, signal }, reply);
    if (signal.aborted) return FAILED;
    reply.tell(visit.params.get('SCRIPT_FILENAME') ?? '');
    return reply.isWhole ? DONE : FAILED;
  },
};

const USAGE = EVENTS['answer-usage'].number;

function pipelineOf(site: Site) {
  const { backends, clock, log, models, pages, prompts, providers } = site;
  return createPipeline({
    ...{ backends: new Backends(backends), clock, log, models, pages, prompts, providers },
    answers: noCache,
    deferred: new DeferredAnswers(clock, 0),
    calls: tellAll([]),
    logFor: () => log,
  });
}

class TerminalReply implements Reply {
  readonly #output: Output;
  readonly #site: Site;
  readonly #startedAt: number;
  readonly #pieces: Buffer[] = [];
  #status = 0;
  #headers: readonly Header[] = [];
  /** What httpd's access log would have. */
  readonly #notes = new Map<string, string>();
  #firstAt: number | undefined;
  #outcome: 'whole' | 'broken' | undefined;

  constructor(output: Output, site: Site) {
    this.#output = output;
    this.#site = site;
    this.#startedAt = site.clock.uptime();
  }

  get isWhole(): boolean {
    return this.#status === 200 && this.#outcome === 'whole';
  }

  head(status: number, headers: readonly Header[]): void {
    this.#status = status;
    this.#headers = headers;
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    this.#firstAt ??= this.#site.clock.uptime();
    this.#pieces.push(Buffer.from(chunk));
    return this.#output.piece(chunk);
  }

  note(name: string, value: string): void {
    this.#notes.set(name, value);
  }

  log(_level: LogLevel, text: string): void {
    this.#output.note(text);
  }

  end(outcome: 'whole' | 'broken'): void {
    this.#outcome = outcome;
  }

  /** What there is to say when it is over. */
  tell(file: string): void {
    const body = Buffer.concat(this.#pieces);
    const ms = {
      firstByte: this.#since(this.#firstAt),
      whole: this.#since(this.#site.clock.uptime()),
    };
    this.#output.json({
      file,
      status: this.#status,
      outcome: this.#outcome,
      headers: Object.fromEntries(this.#headers),
      notes: Object.fromEntries(this.#notes),
      body: body.toString(),
      ms,
      log: this.#site.log.told,
    });
    if (this.#output.isTerminal && body.length > 0 && body.at(-1) !== 10) this.#output.line();
    const { told } = this.#site.log;
    for (const { number, text } of told) if (number === USAGE) this.#output.note(text);
    // What is the visitor's own mistake is no more than news to httpd's log.
    const last = told.at(-1);
    if (this.#status !== 200 && last?.level === 'info') this.#output.error(last.text);
    if (ms.firstByte !== undefined) {
      const text = `${body.length} bytes; the first after ${ms.firstByte} ms, all after ${ms.whole} ms`;
      this.#output.note(text);
    }
  }

  #since(at: number | undefined): number | undefined {
    return at === undefined ? undefined : Math.round(at - this.#startedAt);
  }
}
