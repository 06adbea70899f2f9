import { writeFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { Backends } from '../../../src/backends.ts';
import { createAnswers } from '../../../src/caching/answers.ts';
import { tellAll } from '../../../src/calls.ts';
import { DeferredAnswers } from '../../../src/deferred/deferred-answers.ts';
import { systemFiles } from '../../../src/files.ts';
import { createLog } from '../../../src/log.ts';
import type { Model } from '../../../src/models/model.ts';
import { ModelSource } from '../../../src/models/source.ts';
import { PageStore } from '../../../src/pages/page-store.ts';
import { PromptStore } from '../../../src/pages/prompts.ts';
import { createPipeline } from '../../../src/pipeline.ts';
import { samplingOf } from '../../../src/providers/sampling.ts';
import { Secrets } from '../../../src/secrets.ts';
import { ManualClock } from './clock.ts';
import { temporaryFolder } from './folder.ts';
import { ListLog } from './log.ts';
import { finish, StepProvider, text } from './provider.ts';
import { MemoryRegion } from './region.ts';
import { pageRequest, RecordedReply } from './reply.ts';

/** What its provider writes, unless a test has it do otherwise. */
export const html = '<!doctype html><html><body><p>Herons.</p></body></html>';

/**
 * An engine in one process: everything but sockets, the region and a provider's network. Its folder
 * goes with the test.
 */
export async function openEngine() {
  const folder = temporaryFolder();
  onTestFinished(() => folder[Symbol.dispose]());
  const clock = new ManualClock();
  const region = new MemoryRegion(clock);
  const log = new ListLog();
  const secrets = new Secrets();
  const provider = new StepProvider(text(html.slice(0, 30)), text(html.slice(30)), finish());
  const backends = [{ server: 'main:80', endpoint: 'http://default', apiKey: undefined }];
  const settings = {
    modelsFile: '/models.json',
    modelsWhere: undefined,
    backends,
    environment: {},
  };
  const models = new ModelSource({
    settings,
    table: region,
    clock,
    secrets,
    log,
    read: async () =>
      '{"models": [{"name": "std", "ttl": 60}, {"name": "other", "max_tokens": 5}]}',
  });
  await models.load();
  const failures: unknown[] = [];
  const handler = createPipeline({
    pages: new PageStore({ files: systemFiles, clock }),
    models,
    prompts: new PromptStore({ files: systemFiles, clock, log, onFolder: () => undefined }),
    providers: { find: (model) => ({ provider, url: `http://${model.name}/v1` }) },
    backends: new Backends(backends),
    answers: createAnswers(region, clock, log),
    deferred: new DeferredAnswers(clock, 0),
    calls: tellAll([]),
    clock,
    log,
    logFor: (reply) => createLog((level, line) => reply.log(level, line), 'debug', secrets),
  });
  const write = (name: string, content: string) => writeFileSync(folder.at(name), content);
  write('page.ai', 'Write about herons.');
  const start = (params = {}, signal?: AbortSignal, file = 'page.ai', body = '') => {
    const reply = new RecordedReply();
    const done = handler(pageRequest(folder.at(file), params, signal, body), reply).catch(
      (error) => {
        failures.push(error);
      },
    );
    return { reply, done };
  };
  return {
    folder,
    clock,
    region,
    log,
    provider,
    write,
    start,
    failures,
    model(name: string): Model {
      const found = models.registry.models.get(name);
      if (found === undefined) throw new Error(`no model ${name}`);
      return found;
    },
    /** What the first request asks of a model. */
    samplingFor(name: string) {
      const [request] = provider.requests;
      return request && samplingOf(request, this.model(name));
    },
    async get(params = {}, file = 'page.ai', body = '') {
      const { reply, done } = start(params, undefined, file, body);
      await done;
      return reply;
    },
  };
}
