/** `muse status`: how a running server is doing. */

import { z } from 'zod';
import { type Command, Complaint, DONE, FAILED } from './command.ts';
import { columns, type Output } from './output.ts';
import { noHandler, refusal, send, serverUrl, urlOption, withoutPassword } from './server.ts';

const HANDLER = 'muse-ai-metrics';
const PLACE = '/muse-metrics';

/** Of what the handler tells, what is shown; `--json` hands all of it on. */
const schema = z.looseObject({
  status: z.string(),
  problems: z.array(z.string()),
  version: z.string(),
  uptime_seconds: z.number(),
  requests: z.record(z.string(), z.number()),
  engines: z.array(
    z.looseObject({
      engine: z.number(),
      state: z.string(),
      restarts: z.number(),
      in_flight: z.number(),
    }),
  ),
  endpoints: z.array(z.looseObject({ model: z.string(), url: z.string(), state: z.string() })),
  models: z.array(
    z.looseObject({
      name: z.string(),
      completions: z.number(),
      failures: z.number(),
      input_tokens: z.number(),
      output_tokens: z.number(),
      cost: z.number(),
      cost_saved: z.number(),
    }),
  ),
  budgets: z.array(
    z.looseObject({
      name: z.string(),
      unit: z.string(),
      limit: z.number(),
      used: z.number(),
      gone: z.boolean(),
    }),
  ),
  cache: z.looseObject({ entries: z.number(), bytes: z.number(), size: z.number() }),
});

type Status = z.output<typeof schema>;

export const statusCommand: Command = {
  name: 'status',
  summary: 'shows how a running server is doing',
  takes: '',
  least: 0,
  most: 0,
  completes: 'nothing',
  options: [urlOption(PLACE, `where the server has "SetHandler ${HANDLER}"`)],
  details: 'The exit status is 1 if the server says that something is wrong.',
  async run({ options, environment, output, signal }) {
    const url = serverUrl(options, environment, PLACE);
    url.searchParams.set('format', 'json');
    const response = await send(url, { headers: { accept: 'application/json' }, signal });
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
    if (!isJson) {
      throw new Complaint(
        response.ok
          ? `${withoutPassword(url)}: ${noHandler(HANDLER)}`
          : await refusal(url, response, HANDLER),
      );
    }
    const answer: unknown = await response.json();
    const parsed = schema.safeParse(answer);
    if (!parsed.success) {
      throw new Complaint(`${withoutPassword(url)} is of another version than this command.`);
    }
    output.json(answer);
    show(parsed.data, output);
    return parsed.data.status === 'ok' ? DONE : FAILED;
  },
};

function show(status: Status, output: Output): void {
  const { budgets, cache, endpoints, engines, models, problems, requests } = status;
  const colour = status.status === 'ok' ? 'green' : 'red';
  const hours = (status.uptime_seconds / 3_600).toFixed(1);
  const state = output.style(colour, status.status);
  output.line(`mod_muse_ai ${status.version} is ${state}, up for ${hours} hours`);
  for (const problem of problems) output.line(`  ${problem}`);
  const rows = [
    ['requests', listed(requests)],
    ['cache', `${cache.entries} entries, ${mega(cache.bytes)} of ${mega(cache.size)} MB`],
    ...engines.map(({ engine, state: is, restarts, in_flight }) => [
      `engine ${engine}`,
      `${is}, ${in_flight} under way, ${restarts} restarts`,
    ]),
    ...endpoints.map(({ model, url, state: is }) => [`endpoint of ${model}`, `${is}  ${url}`]),
    ...models.map((model) => [`model ${model.name}`, usageOf(model)]),
    ...budgets.map(({ name, unit, limit, used, gone }) => [
      `budget of ${name}`,
      `${used} of ${limit} ${unit} today${gone ? ', used up' : ''}`,
    ]),
  ];
  for (const line of columns(rows)) output.line(line);
}

function usageOf(model: Status['models'][number]): string {
  return listed({
    completions: model.completions,
    failures: model.failures,
    'tokens in': model.input_tokens,
    'tokens out': model.output_tokens,
    cost: model.cost,
    saved: model.cost_saved,
  });
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

const mega = (bytes: number): string => (bytes / 1_048_576).toFixed(1);
