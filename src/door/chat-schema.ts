/**
 * What a chat completion's request may hold (OpenAI's API reference, "Create chat completion").
 *
 * A field that is not named here is refused rather than passed on: some endpoints take fields that
 * choose another model, search the web or read the operator's files, on the operator's bill.
 */

import { z } from 'zod';

const part = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text'), text: z.string() }),
  z.looseObject({ type: z.literal('refusal'), refusal: z.string() }),
  z.looseObject({ type: z.literal('image_url'), image_url: z.looseObject({ url: z.string() }) }),
  z.looseObject({ type: z.literal('input_audio'), input_audio: z.looseObject({}) }),
  z.looseObject({
    type: z.literal('file'),
    // A file_id would name what lies in the operator's account at the provider.
    file: z.strictObject({ file_data: z.string(), filename: z.string().optional() }),
  }),
]);

const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: z.union([z.string(), z.array(part)]).nullish(),
});

export type ChatMessage = z.output<typeof message>;

const tool = z.looseObject({ type: z.enum(['function', 'custom']) });
const number = z.number().nullish();
const anything = z.unknown().optional();

/** What goes to the endpoint as it is. The last ones are not OpenAI's, but widely taken. */
const passed = {
  top_p: number,
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  seed: number,
  frequency_penalty: number,
  presence_penalty: number,
  logit_bias: z.record(z.string(), z.number()).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: number,
  response_format: z.looseObject({ type: z.string() }).nullish(),
  tools: z.array(tool).nullish(),
  tool_choice: anything,
  parallel_tool_calls: z.boolean().nullish(),
  functions: z.array(z.looseObject({ name: z.string() })).nullish(),
  function_call: anything,
  prediction: anything,
  reasoning_effort: z.string().nullish(),
  verbosity: z.string().nullish(),
  modalities: z.array(z.literal('text')).nullish(),
  top_k: number,
  min_p: number,
  repetition_penalty: number,
  chat_template_kwargs: anything,
  enable_thinking: z.boolean().nullish(),
  thinking: anything,
  reasoning: anything,
};

/** What says who asks, and changes nothing of the answer: taken, and kept from the endpoint. */
const dropped = {
  user: anything,
  metadata: anything,
  safety_identifier: anything,
  prompt_cache_key: anything,
  prompt_cache_retention: anything,
  store: z.literal(false).nullish(),
  service_tier: z.enum(['auto', 'default']).nullish(),
};

export const chatSchema = z.strictObject({
  model: z.string().min(1).nullish(),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.literal(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  ...passed,
  ...dropped,
});

export const PASSED: readonly string[] = Object.keys(passed);
