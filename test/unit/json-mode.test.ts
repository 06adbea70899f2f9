import { expect, test } from 'vitest';
import { MuseError } from '../../src/errors.ts';
import { buildModel } from '../../src/models/model.ts';
import { modelSchema } from '../../src/models/schema.ts';
import { withJsonMode } from '../../src/providers/json-mode.ts';
import type { CompletionRequest, Provider } from '../../src/providers/provider.ts';
import { ManualClock } from './support/clock.ts';
import { eventsOf } from './support/provider.ts';

const request: CompletionRequest = {
  messages: [{ role: 'user', content: 'List rivers.' }],
  temperature: undefined,
  maxTokens: undefined,
  contentType: 'application/json',
  timeout: 60,
};

test('an endpoint that refuses JSON mode is asked again for what is left of the time', async () => {
  const clock = new ManualClock();
  const requests: CompletionRequest[] = [];
  const endpoint: Provider = {
    async complete(asked) {
      requests.push(asked);
      if (asked.jsonMode !== true) return { reason: 'stop' };
      clock.advance(40_000);
      const text = 'response_format is not supported';
      throw new MuseError('provider-rejected', text, { answered: 400 });
    },
  };
  const model = buildModel(modelSchema.parse({ name: 'm' }), {});
  const provider = withJsonMode(model, endpoint, clock);
  const ask = async () => (await eventsOf(provider, { ...request, spent: 5 }).next()).value;
  expect(await ask()).toMatchObject({ reason: 'stop' });
  expect(await ask()).toMatchObject({ reason: 'stop' });
  expect(requests.map(({ jsonMode, spent }) => [jsonMode, spent])).toEqual([
    [true, 5],
    [undefined, 45],
    [undefined, 5],
  ]);
});
