import { expect, test } from 'vitest';
import { Backends } from '../../src/backends.ts';
import { prepareChat } from '../../src/door/chat-job.ts';
import { readChatRequest } from '../../src/door/chat-request.ts';
import { ModelSource } from '../../src/models/source.ts';
import { readRequest } from '../../src/request.ts';
import { Secrets } from '../../src/secrets.ts';
import { ManualClock } from './support/clock.ts';
import { ListLog } from './support/log.ts';
import { StepProvider } from './support/provider.ts';
import { MemoryRegion } from './support/region.ts';

const backends = [{ server: 'main:80', endpoint: 'http://default', apiKey: undefined }];

/** The content key of one question to a model with these fields in models.json. */
async function keyOf(fields: object, thinkingOff = false): Promise<string> {
  const clock = new ManualClock();
  const log = new ListLog();
  const models = new ModelSource({
    settings: { modelsFile: '/models.json', modelsWhere: undefined, backends, environment: {} },
    table: new MemoryRegion(clock),
    clock,
    secrets: new Secrets(),
    log,
    read: async () => JSON.stringify({ models: [{ name: 'std', ...fields }] }),
  });
  await models.load();
  const chat = readChatRequest('{"messages": [{"role": "user", "content": "What is a heron?"}]}');
  const asked = readRequest(new Map([['SCRIPT_FILENAME', '/llm']]));
  const found = { provider: new StepProvider(), url: 'http://std/v1', thinkingOff };
  const sources = { models, providers: { find: () => found }, backends: new Backends(backends) };
  return prepareChat(asked, chat, undefined, sources, log).key;
}

test('a program’s answer belongs to all settings of its model that shape it', async () => {
  const plain = await keyOf({});
  expect(await keyOf({ ttl: 7, api_key: 'other', timeouts: { idle: 9 } })).toBe(plain);
  const others = [
    ...[{ temperature: 1 }, { top_p: 0.5 }, { max_tokens: 9 }, { stop: 'END' }, { model: 'x' }],
    ...[{ headers: { 'x-mode': 'fast' } }, { name: 'other' }],
  ];
  const keys = await Promise.all(others.map((fields) => keyOf(fields)));
  keys.push(await keyOf({}, true));
  expect(new Set([plain, ...keys]).size).toBe(keys.length + 1);
});
