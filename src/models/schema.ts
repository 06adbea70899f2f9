/** The fields of models.json. `models.schema.json` is generated from this file. */

import { z } from 'zod';
import { contradictions } from './contradictions.ts';
import { normaliseEndpoint } from './endpoint.ts';
import { variablesIn } from './variables.ts';

const NAME_BYTES_MAX = 127;
const MODELS_MAX = 256;
const ENDPOINTS_MAX = 32;
const FALLBACKS_MAX = 16;
const YEAR = 31_536_000;
const DAY = 86_400;
const TOKENS_A_DAY_MAX = 1_000_000_000_000;
const COST_A_DAY_MAX = 1_000_000;

/** A text that may name variables of the environment as `${NAME}`. */
const expandable = z.string().refine((text) => variablesIn(text) !== undefined, {
  error: `a "\${" must begin the name of a variable, as in "\${OPENAI_API_KEY}"`,
});

const endpoint = expandable
  .refine((text) => text.includes('${') || text === '' || endpointProblem(text) === undefined, {
    error: (issue) => endpointProblem(String(issue.input)) ?? 'not an endpoint',
  })
  .describe(
    'Base URL of an OpenAI-compatible endpoint, such as https://api.openai.com/v1; ' +
      '/chat/completions at its end is allowed. Without it: MuseAiEndpoint. ' +
      `\${NAME} stands for a variable of the environment that PassEnv passes.`,
  );

const apiKey = expandable.regex(/^[^\r\n\u0000]*$/, 'a key is one line');

const seconds = z.number().positive().max(DAY);

const endpoints = z
  .array(
    z.strictObject({
      url: endpoint.min(1, 'an endpoint has a URL').describe('As endpoint.'),
      weight: z
        .int()
        .min(1)
        .max(100)
        .default(1)
        .describe('Its share of the calls, in proportion to the others’.'),
      api_key: apiKey
        .optional()
        .describe('Key for this endpoint alone. Without it: api_key of the model; "": none.'),
    }),
  )
  .min(1, 'there must be at least one endpoint')
  .max(ENDPOINTS_MAX)
  .describe('Several endpoints that serve this model, in place of endpoint.');

const circuit = z
  .strictObject({
    failures: z
      .int()
      .min(1)
      .max(1_000)
      .default(5)
      .describe('Failures in a row after which an endpoint rests.'),
    cooldown: seconds.default(10).describe('Seconds for which it rests before a trial.'),
  })
  .describe('When an endpoint is left alone for a while.');

const timeouts = z
  .strictObject({
    connect: seconds
      .optional()
      .describe('Until the connection stands; MuseAiConnectTimeout by default.'),
    first: seconds.optional().describe('Until something of the answer arrives; total by default.'),
    idle: seconds
      .optional()
      .describe('Between two pieces of the answer; MuseAiReadTimeout by default.'),
    total: seconds.optional().describe('The whole answer; never above MuseAiTimeout.'),
  })
  .describe('Seconds.');

const price = z
  .strictObject({
    input: z.number().min(0).describe('For a million tokens of the prompt.'),
    output: z.number().min(0).describe('For a million tokens of the answer.'),
  })
  .describe('Prices in any currency, for the log and what is counted; needs stream_usage.');

const budget = z
  .strictObject({
    tokens: z.int().min(0).max(TOKENS_A_DAY_MAX).optional().describe('Of prompts and answers.'),
    cost: z
      .number()
      .min(0)
      .max(COST_A_DAY_MAX)
      .optional()
      .describe('In the currency of price, which it needs.'),
  })
  .refine(({ tokens, cost }) => tokens !== undefined || cost !== undefined, {
    error: 'a budget is {"tokens": …}, {"cost": …} or both',
  })
  .describe('What calls to this model may use in a day, until midnight; then a fallback writes.');

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'not the name of a header')
  .refine((name) => !RESERVED_HEADERS.has(name.toLowerCase()), 'this header is set by the engine');

const RESERVED_HEADERS = new Set([
  'accept',
  'connection',
  'content-length',
  'content-type',
  'host',
  'transfer-encoding',
]);

const headerValue = expandable.regex(/^[^\r\n\u0000]*$/, 'a header is one line');

export const modelSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .regex(/^[^\u0000-\u001f\u007f]*$/, 'a name has no control characters')
    .refine((name) => Buffer.byteLength(name) <= NAME_BYTES_MAX, {
      error: `a name has at most ${NAME_BYTES_MAX} bytes`,
    })
    .describe('The name by which pages, MuseAiModel and X-Muse-Model choose this model.'),
  provider: z
    .enum(['openai', 'preview'])
    .default('openai')
    .describe(
      'openai: any OpenAI-compatible endpoint. preview: no network, no AI; shows the prompt.',
    ),
  endpoint: endpoint.optional(),
  api_key: apiKey
    .optional()
    .describe(
      `Key for the endpoint, best as \${NAME} of a variable that PassEnv passes. ` +
        'Without endpoint and api_key: MuseAiApiKey.',
    ),
  endpoints: endpoints.optional(),
  load_balancing: z
    .enum(['round_robin', 'random', 'least_connections'])
    .optional()
    .describe(
      'How the next of several endpoints is chosen; weights count with each. ' +
        'Without it: MuseAiLoadBalanceMethod.',
    ),
  retries: z
    .int()
    .min(0)
    .max(10)
    .optional()
    .describe(
      'How often an endpoint that failed before its answer began is asked again; 0: never. ' +
        'Without it: MuseAiMaxRetries.',
    ),
  circuit: circuit.optional(),
  fallback: z
    .array(z.string())
    .max(FALLBACKS_MAX)
    .optional()
    .describe('Names of models that write the page when this one can’t, in their order.'),
  model: z
    .string()
    .min(1)
    .optional()
    .describe('The model’s name at the endpoint; name by default.'),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  max_tokens: z
    .int()
    .min(0)
    .max(200_000)
    .optional()
    .describe('Longest answer; 0 leaves it out of the request. Without it: MuseAiMaxTokens.'),
  stop: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(4)])
    .optional()
    .describe('The answer ends before one of these texts.'),
  headers: z
    .record(headerName, headerValue)
    .optional()
    .describe(`More headers for the endpoint; \${NAME} as in api_key.`),
  timeouts: timeouts.optional(),
  ttl: z
    .int()
    .min(0)
    .max(YEAR)
    .optional()
    .describe('Seconds for which an answer is kept; 0: not at all. A page’s own ttl wins.'),
  reasoning: z
    .enum(['hide', 'show'])
    .default('hide')
    .describe('What a reasoning model thought before it wrote the page.'),
  stream_usage: z
    .boolean()
    .optional()
    .describe(
      'Asks the endpoint for the number of tokens, for the log and what is counted; programs ' +
        'that ask in OpenAI’s way are told it unless this is false.',
    ),
  json_mode: z
    .boolean()
    .default(true)
    .describe('Asks the endpoint for JSON by response_format where a page is JSON.'),
  price: price.optional(),
  budget: budget.optional(),
});

export const modelsFileSchema = z
  .strictObject({
    $schema: z.string().optional(),
    default_model: z
      .string()
      .optional()
      .describe('Name of the default model; the first by default.'),
    models: z.array(modelSchema).min(1, 'there must be at least one model').max(MODELS_MAX),
  })
  .superRefine((file, context) => {
    for (const { path, message } of contradictions(file)) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  })
  .describe('The models of mod_muse_ai.');

export type ModelFields = z.output<typeof modelSchema>;
export type ModelsFile = z.output<typeof modelsFileSchema>;

function endpointProblem(text: string): string | undefined {
  const result = normaliseEndpoint(text);
  return result.ok ? undefined : result.problem;
}
