/** `muse render`: what would be sent to the model, and what it would cost. */

import { Backends } from '../backends.ts';
import { MuseError } from '../errors.ts';
import { readForm } from '../forms/form.ts';
import { type Job, prepareJob } from '../job.ts';
import { samplingOf } from '../providers/sampling.ts';
import { readRequest } from '../request.ts';
import { type Call, type Command, Complaint, DONE } from './command.ts';
import { type CostEstimate, estimateCost, estimateTokens } from './estimate.ts';
import { columns, type Output } from './output.ts';
import { pageOptions, type Visit, visitOf } from './page-request.ts';
import { openSite } from './site.ts';

export const renderCommand: Command = {
  name: 'render',
  summary: 'shows what a page would send to its model, its key and its cost',
  takes: 'PAGE',
  least: 1,
  most: 1,
  completes: 'files',
  options: pageOptions,
  details:
    'Nothing is sent, and no key is needed. The tokens are an estimate; the cost is by "price" in\n' +
    'models.json, in its currency. The key is the content key: pages with equal ones share answers.',
  async run(call) {
    const rendered = await render(call, visitOf(call));
    call.output.json(rendered);
    show(rendered, call.output);
    return DONE;
  },
};

type Rendered = Awaited<ReturnType<typeof render>>;

async function render(call: Call, { params, body }: Visit) {
  const site = await openSite(call, true);
  const { backends, log, models, pages, prompts, providers } = site;
  const asked = readRequest(params);
  let job: Job;
  let url: string | undefined;
  try {
    const page = await pages.read(asked.file, asked.promptsDir);
    const form = await readForm(asked, body);
    const wishes = {
      chosen: asked.model,
      page: page.page.settings.model,
      directory: asked.modelDefault,
    };
    const model = models.choose(wishes, log);
    job = await prepareJob(asked, page, model, form, {
      prompts,
      providers,
      backends: new Backends(backends),
    });
    const [backend] = backends;
    url = backend && providers.find(model, backend).url;
  } catch (thrown) {
    throw new Complaint(MuseError.from(thrown).message);
  }
  const { contentType, key, lang, model, policy, request, title } = job;
  const { messages } = request;
  const { temperature, maxTokens } = samplingOf(request, model);
  const input = estimateTokens(messages);
  return {
    file: asked.file,
    model: { name: model.name, provider: model.provider, upstream: model.upstream, url },
    key,
    contentType,
    lang,
    title,
    temperature,
    ttl: policy.ttl,
    promptsDir: asked.promptsDir,
    tokens: { input, outputMost: maxTokens },
    cost: estimateCost(model, input, maxTokens),
    messages,
  };
}

function show(rendered: Rendered, output: Output): void {
  const { model, key, messages, contentType, lang, promptsDir, temperature, tokens } = rendered;
  const { ttl, cost } = rendered;
  const where = model.url === undefined ? model.provider : `${model.upstream} at ${model.url}`;
  const facts: [string, string | undefined][] = [
    ['model', `${model.name} (${where})`],
    ['key', key],
    ['type', contentType],
    ['language', lang],
    ['temperature', temperature === undefined ? undefined : String(temperature)],
    ['prompts', promptsDir ?? 'built in'],
    ['kept for', `${ttl} s`],
    ['tokens', `about ${tokens.input} in, ${most(tokens.outputMost)} out`],
    ['cost', costText(cost)],
  ];
  const rows = facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  for (const line of columns(rows)) output.line(line);
  for (const { role, content } of messages) {
    output.line();
    output.line(output.style('bold', `── ${role} ──`));
    output.line(content);
  }
}

function most(number: number | undefined): string {
  return number === undefined ? 'as many as the provider allows' : `at most ${number}`;
}

function costText(cost: CostEstimate | undefined): string {
  if (cost === undefined) return 'unknown: the model has no "price" in models.json';
  const { input, outputMost } = cost;
  const answer =
    outputMost === undefined ? '' : `, and at most ${outputMost.toFixed(6)} for the answer`;
  return `about ${input.toFixed(6)} for the prompt${answer}`;
}
