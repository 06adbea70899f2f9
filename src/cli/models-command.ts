/** `muse models`: whether each endpoint answers, and how fast. */

import { MuseError } from '../errors.ts';
import type { Model } from '../models/model.ts';
import { type Target, targetsOf } from '../models/target.ts';
import { createOpenAiProvider } from '../providers/openai.ts';
import type { CompletionRequest } from '../providers/provider.ts';
import { type Call, type Command, Complaint, DONE, FAILED } from './command.ts';
import { inParallel } from './in-parallel.ts';
import { columns, type Output } from './output.ts';
import { openSite, type Site, siteOptions } from './site.ts';

const AT_ONCE = 8;
const TOKENS = 16;
const TIMEOUT = 30;

export const modelsCommand: Command = {
  name: 'models',
  summary: 'asks each endpoint of each model whether it answers, and how fast',
  takes: '[MODEL…]',
  least: 0,
  most: 256,
  completes: 'nothing',
  options: [
    ...siteOptions,
    { name: 'timeout', value: 'SECONDS', help: `how long to wait for each (${TIMEOUT})` },
  ],
  details:
    `Each is asked for a word of ${TOKENS} tokens at most, which may cost a trifle. The keys are taken\n` +
    'from the environment as models.json says, and never shown. The exit status is 1 if any fails.',
  async run(call) {
    const { options, output, signal } = call;
    const timeout = options.number('timeout', TIMEOUT, 1, 3_600);
    const site = await openSite(call);
    const candidates = chosen(call, site).flatMap((model) => candidatesOf(model, site));
    let done = 0;
    const results = await inParallel(candidates, AT_ONCE, signal, async (candidate) => {
      const result = await tryOut(candidate, site, timeout, signal);
      output.progress(`${++done} of ${candidates.length} have been asked`);
      return result;
    });
    output.json({ models: results });
    for (const line of columns(results.map((result) => rowOf(result, output)))) output.line(line);
    return results.every(({ ok }) => ok) ? DONE : FAILED;
  },
};

/** An endpoint to be asked, or why that can't be. */
interface Candidate {
  readonly model: Model;
  readonly target: Target | undefined;
  readonly error: MuseError | undefined;
}

interface Result {
  readonly model: string;
  readonly upstream: string;
  readonly url: string | undefined;
  readonly ok: boolean;
  /** Milliseconds until something of the answer came, and until its end. */
  readonly firstMs?: number;
  readonly wholeMs?: number;
  readonly error?: { readonly code: string; readonly message: string };
}

function chosen({ words }: Call, { models }: Site): Model[] {
  const all = models.registry.models;
  if (all.size === 0) {
    throw new Complaint('There is no models.json with models here; name one with --models.');
  }
  if (words.length === 0) return [...all.values()];
  return words.map((name) => {
    const model = all.get(name);
    if (model !== undefined) return model;
    throw new Complaint(`There is no model "${name}"; there are: ${[...all.keys()].join(', ')}.`);
  });
}

function candidatesOf(model: Model, { backends }: Site): Candidate[] {
  const [backend] = backends;
  if (model.provider === 'preview' || backend === undefined) {
    return [{ model, target: undefined, error: undefined }];
  }
  try {
    return targetsOf(model, backend).map((target) => ({ model, target, error: undefined }));
  } catch (thrown) {
    return [{ model, target: undefined, error: MuseError.from(thrown) }];
  }
}

async function tryOut(
  { model, target, error }: Candidate,
  site: Site,
  timeout: number,
  signal: AbortSignal,
): Promise<Result> {
  const { clock, log, secrets, transport } = site;
  const about = { model: model.name, upstream: model.upstream, url: target?.url };
  const failed = ({ code, message }: MuseError): Result => ({
    ...about,
    ok: false,
    error: { code, message: secrets.redact(message) },
  });
  if (error !== undefined) return failed(error);
  if (target === undefined) return { ...about, ok: true };
  secrets.add(target.apiKey);
  const startedAt = clock.uptime();
  const since = (): number => Math.round(clock.uptime() - startedAt);
  let firstMs: number | undefined;
  const begun = (): void => {
    firstMs ??= since();
  };
  const provider = createOpenAiProvider({ model, target, transport, clock });
  const sink = { text: begun, reasoning: begun, writtenBy: () => undefined, log };
  try {
    await provider.complete(question(timeout), sink, signal);
    return { ...about, ok: true, firstMs: firstMs ?? since(), wholeMs: since() };
  } catch (thrown) {
    signal.throwIfAborted();
    return failed(MuseError.from(thrown));
  }
}

function question(timeout: number): CompletionRequest {
  return {
    messages: [{ role: 'user', content: 'Say only: yes' }],
    temperature: undefined,
    maxTokens: TOKENS,
    contentType: 'text/plain',
    timeout,
  };
}

function rowOf({ model, url, ok, firstMs, wholeMs, error }: Result, output: Output): string[] {
  const times = `first ${firstMs} ms, all ${wholeMs} ms`;
  const state = ok
    ? `${output.style('green', 'answers')}  ${firstMs === undefined ? 'without a network' : times}`
    : `${output.style('red', 'fails')}    ${error?.message}`;
  return [model, url ?? '–', state];
}
