import { scriptedModel } from '../harness/index.ts';
import { Gate, type ScriptedProvider, say } from '../provider/index.ts';

export const opening = '<!doctype html><html lang="en"><head><title>T</title></head><body>';

/** What the provider sends for a gated page, piece by piece. */
export const tokens = [
  opening,
  '<p>The first piece.</p>',
  '<p>The second piece.</p>',
  '</body></html>',
];

/** A page whose pieces the provider sends one by one, as the gate lets them. */
export function gated(provider: ScriptedProvider, model: string = scriptedModel): Gate {
  const gate = new Gate();
  provider.script(model, say(tokens, { gate }));
  return gate;
}
