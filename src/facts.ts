/** What is known of how an answer was written: for the access log, on every answer alike. */

import type { Header, Reply } from './exchange.ts';
import type { Model } from './models/model.ts';
import type { Usage } from './providers/provider.ts';

export interface AnswerFacts {
  /** The name of the model that wrote it. */
  readonly model: string;
  /** Of prompt and answer together; undefined where the provider does not say. */
  readonly tokens?: number;
  /** What they cost, as a decimal number; undefined also where models.json has no price. */
  readonly cost?: string;
}

const BILLION = 1_000_000_000;
/** From a price for a million tokens to billionths for one. */
const BILLIONTHS = 1_000;

/** Billionths of the currency of models.json; undefined: it has no price. */
export function costOf({ price }: Model, usage: Usage): number | undefined {
  if (price === undefined) return undefined;
  const { inputTokens, outputTokens } = usage;
  return Math.round((inputTokens * price.input + outputTokens * price.output) * BILLIONTHS);
}

export function factsOf(model: Model, usage: Usage | undefined): AnswerFacts {
  if (usage === undefined) return { model: model.name };
  const cost = costOf(model, usage);
  return {
    model: model.name,
    tokens: usage.inputTokens + usage.outputTokens,
    ...(cost === undefined ? {} : { cost: (cost / BILLION).toFixed(9) }),
  };
}

/** The facts as names and values of httpd's notes. */
export function notesOf({ model, tokens, cost }: AnswerFacts): Header[] {
  return [
    ['muse-model', model],
    ...(tokens === undefined ? [] : [['muse-tokens', String(tokens)] as const]),
    ...(cost === undefined ? [] : [['muse-cost', cost] as const]),
  ];
}

/** The facts that these notes tell; undefined when they name no model. */
export function factsFrom(notes: ReadonlyMap<string, string>): AnswerFacts | undefined {
  const model = notes.get('muse-model');
  const tokens = notes.get('muse-tokens');
  const cost = notes.get('muse-cost');
  if (model === undefined) return undefined;
  return {
    model,
    ...(tokens === undefined ? {} : { tokens: Number(tokens) }),
    ...(cost === undefined ? {} : { cost }),
  };
}

/** Tells httpd the facts of the answer that `reply` sends, as far as they are known. */
export function noteFacts(reply: Reply, facts: AnswerFacts | undefined): void {
  for (const [name, value] of facts === undefined ? [] : notesOf(facts)) reply.note(name, value);
}
