/**
 * The engine's parts, put together for a command: as src/engine.ts does, without httpd, without the
 * memory that it shares with the engine, and so without a cache.
 */

import { type Backend, readBackend } from '../backend.ts';
import { systemClock } from '../clock.ts';
import type { Environment } from '../environment.ts';
import { systemFiles } from '../files.ts';
import { ModelSource } from '../models/source.ts';
import { variablesIn } from '../models/variables.ts';
import { PageStore } from '../pages/page-store.ts';
import { PromptStore } from '../pages/prompts.ts';
import { createProviderDirectory } from '../providers/directory.ts';
import { createTransport } from '../providers/transport.ts';
import { Secrets } from '../secrets.ts';
import { type Call, Complaint, type Option } from './command.ts';
import { findModels, modelsOption } from './models-path.ts';
import { ToldLog } from './told.ts';

/** What stands for MuseAiModels, MuseAiEndpoint and so on. */
export const siteOptions: readonly Option[] = [
  modelsOption,
  { name: 'endpoint', value: 'URL', help: 'as MuseAiEndpoint; MUSE_AI_ENDPOINT wins over it' },
];

export type Site = Awaited<ReturnType<typeof openSite>>;

/** What a variable has that is not set, where no key is needed. */
const UNSET = 'not-set';

/**
 * Opens what the call's options name. `mayLackKeys`: nothing is sent, so variables of models.json
 * need not be set.
 *
 * @throws {Complaint} when models.json has mistakes.
 */
export async function openSite({ options, output, environment }: Call, mayLackKeys = false) {
  const modelsFile = findModels(options);
  const clock = systemClock;
  const secrets = new Secrets();
  const log = new ToldLog(output, secrets);
  const backends = [backendFor(options.text('endpoint'), environment)];
  for (const backend of backends) secrets.add(backend.apiKey);
  const models = new ModelSource({
    settings: {
      ...{ modelsFile, modelsWhere: undefined, backends },
      environment: mayLackKeys ? withAll(environment) : environment,
    },
    table: { publishModels: () => undefined },
    clock,
    secrets,
    log,
  });
  await models.load();
  const isBroken = log.told.some(({ level }) => level === 'error');
  if (isBroken) throw new Complaint('"muse check" lists what is wrong with models.json.');
  const transport = createTransport(environment);
  return {
    clock,
    secrets,
    log,
    models,
    backends,
    transport,
    pages: new PageStore({ files: systemFiles, clock }),
    prompts: new PromptStore({ files: systemFiles, clock, log, onFolder: () => undefined }),
    providers: createProviderDirectory({ transport, clock, secrets }),
  };
}

/** What one server of httpd says of calls to providers: an endpoint, perhaps, and nothing else. */
function backendFor(endpoint: string | undefined, environment: Environment): Backend {
  const unset = {
    ...{ api_key: null, load_balancing: null, connect: null, idle: null, retries: null },
    ...{ retry_delay_ms: null, connections: null, free_wait: null, thinking_off: null },
  };
  const fields = { ...unset, server: 'this site', endpoints: [], thinkers: [] };
  return readBackend({ ...fields, endpoint: endpoint ?? null }, environment);
}

/** The environment, in which a variable that is not set has a value that says so. */
function withAll(environment: Environment): Environment {
  return new Proxy(environment, {
    get: (target, name) =>
      typeof name === 'string' && variablesIn(`\${${name}}`)?.length === 1
        ? target[name] || UNSET
        : Reflect.get(target, name),
  });
}
