/**
 * The engine: the process beside httpd that finds models, renders prompts and talks to providers.
 * Here its parts are put together; everything else gets what it needs as arguments.
 *
 * Descriptors, from the supervisor: 3 the listening socket, 4 the region, 5 the control line.
 */

import { Socket } from 'node:net';
import { Backends } from './backends.ts';
import { Budgets } from './budget/budgets.ts';
import { createAnswers } from './caching/answers.ts';
import { CallCounts } from './call-counts.ts';
import { tellAll } from './calls.ts';
import { type Clock, systemClock } from './clock.ts';
import { openControl } from './control.ts';
import { DeferredAnswers } from './deferred/deferred-answers.ts';
import { createDoor } from './door/door.ts';
import { EngineReporter } from './engine-report.ts';
import { messageOf, traceOf } from './errors.ts';
import { EVENTS } from './events.ts';
import type { Handler, Reply } from './exchange.ts';
import { serveFastCgi } from './fastcgi/server.ts';
import { systemFiles } from './files.ts';
import { startHeartbeat } from './heartbeat.ts';
import { createLog, type Log, oneLine, stderrSink } from './log.ts';
import { ownTable } from './models/own-table.ts';
import { ModelSource } from './models/source.ts';
import { PageStore } from './pages/page-store.ts';
import { PromptMemory } from './pages/prompt-memory.ts';
import { PromptStore, promptPaths } from './pages/prompts.ts';
import { Sources } from './pages/sources.ts';
import { fileStates, stateOf } from './pages/watch-files.ts';
import { createPipeline } from './pipeline.ts';
import { createProviderDirectory } from './providers/directory.ts';
import { EndpointMemory } from './providers/endpoints.ts';
import { createTransport } from './providers/transport.ts';
import { hideMemory, Region } from './region.ts';
import { Secrets } from './secrets.ts';
import { parseSettings, type Settings } from './settings.ts';
import { StatusFeed } from './status/feed.ts';
import { createStatusPage, isForStatus } from './status/handler.ts';
import { startTracing } from './tracing/tracing.ts';
import { watchPaths } from './watch.ts';

const LISTEN_FD = 3;
const REGION_FD = 4;
const CONTROL_FD = 5;

const toStderr = stderrSink((line) => process.stderr.write(line));
// Who should be told that the log is gone? The end of the control line follows.
process.stderr.on('error', () => {});
process.on('uncaughtException', (error) => {
  toStderr('error', `${EVENTS['engine-crashed'].number}: ${oneLine(traceOf(error))}`);
  process.exit(70);
});

await run();

async function run(): Promise<void> {
  const control = openControl(new Socket({ fd: CONTROL_FD, readable: true, writable: true }));
  const settings = await readSettings(control.settings);
  // Keys and prompts are in it from here on.
  if (!settings.dumpable) hideMemory();
  const secrets = new Secrets();
  for (const { apiKey } of [...settings.backends, ...settings.former]) secrets.add(apiKey);
  const log = createLog(toStderr, settings.logLevel, secrets);
  const clock = systemClock;
  const region = attachRegion();

  const table = ownTable(region, settings.engine, process.pid);
  const models = new ModelSource({ settings, table, clock, secrets, log });
  await models.load();
  const sources = new Sources({
    files: systemFiles,
    clock,
    memory: new PromptMemory(region),
    onChange([file]) {
      log.write('prompts-changed', `${file}: pages are made anew (prompt epoch ${region.epoch})`);
    },
    onError: (error) => sayWatchFailed('what pages are made of', error, log),
  });
  // Nobody watched it until now. Where it changed, no alias from before is to be trusted; what
  // still holds is found again by its content key.
  await sources.resume();
  const prompts = new PromptStore({
    files: systemFiles,
    clock,
    log,
    onFolder: async (folder) => {
      sources.add(await fileStates(promptPaths(folder), systemFiles));
    },
  });

  const counts = new CallCounts(region, region.claimCounters());
  const endpoints = new EndpointMemory();
  const { backends, engine } = settings;
  const named = new Backends(backends, settings.former);
  const reporter = new EngineReporter({ models, backends, endpoints, secrets });
  const moves = startHeartbeat(() => {
    region.beat(engine);
    // Not while another has taken this one's place.
    if (region.engine(engine).pid !== process.pid) return;
    region.setReport(engine, reporter.report(clock.uptime(), counts.underWay));
  }, clock);
  const tracing = await startTracing(settings.environment, secrets, log);
  const deferred = new DeferredAnswers(clock, settings.engine);
  const parts = {
    models,
    providers: createProviderDirectory({
      transport: createTransport(settings.environment, moves, settings.pool),
      clock,
      secrets,
      endpoints,
      budgets: new Budgets({ table: region, clock, log }),
    }),
    backends: named,
    answers: createAnswers(region, clock, log),
    calls: tellAll(tracing === undefined ? [counts] : [counts, tracing.calls]),
    clock,
    log,
    logFor: (reply: Reply) =>
      createLog((level, line) => reply.log(level, line), settings.logLevel, secrets),
  };
  const pages = new PageStore({
    files: systemFiles,
    clock,
    onIncludes: (marks) =>
      sources.add(new Map([...marks].map(([path, mark]) => [path, stateOf(mark)]))),
  });
  const pipeline = createPipeline({ ...parts, pages, prompts, deferred });
  const door = createDoor(parts);
  const ending = new AbortController();
  const status = createStatusPage({
    feed: new StatusFeed(() => region.snapshot(settings.engines), clock),
    clock,
    ending: ending.signal,
  });
  const handle: Handler = (request, reply) => {
    moves();
    if (isForStatus(request)) return status(request, reply);
    return (request.params.has('MUSE_DOOR') ? door : pipeline)(named.admit(request), reply);
  };
  const server = await serveFastCgi(LISTEN_FD, handle, {
    log,
    takes: (params) => named.knows(params),
  });
  control.ready();
  void watchModels(models, settings, clock, log);

  const signal = Promise.withResolvers<void>();
  process.on('SIGTERM', signal.resolve).on('SIGINT', signal.resolve);
  const end = await Promise.race([
    control.gone.then(() => 'gone' as const),
    Promise.race([control.drain, signal.promise]).then(() => 'drain' as const),
  ]);
  if (end === 'drain') {
    log.write('engine-draining', 'finishes the pages under way, then stops');
    ending.abort();
    const done = Promise.all([server.drain(), deferred.idle()]).then(() => tracing?.stop());
    await Promise.race([done, control.gone]);
  }
  process.exit(0);
}

/** The settings; without them there is nothing to do but say why and stop. */
async function readSettings(line: Promise<string>): Promise<Settings> {
  try {
    return parseSettings(await line, process.env);
  } catch (error) {
    toStderr('error', `${EVENTS['engine-settings'].number}: ${oneLine(messageOf(error))}`);
    process.exit(78);
  }
}

/** The memory shared with httpd; an engine without it can't tell httpd anything. */
function attachRegion(): Region {
  try {
    return Region.attach(REGION_FD);
  } catch (error) {
    const advice =
      'module, engine and muse_region.node must be of one build; install all and restart httpd';
    const text = `no access to the memory shared with httpd: ${messageOf(error)}; ${advice}`;
    toStderr('error', `${EVENTS['engine-region'].number}: ${oneLine(text)}`);
    process.exit(78);
  }
}

async function watchModels(
  models: ModelSource,
  settings: Settings,
  clock: Clock,
  log: Log,
): Promise<void> {
  const file = settings.modelsFile;
  if (file === undefined) return;
  const watch = watchPaths([file], {
    clock,
    onChange: () => models.load(),
    onError: (error) => sayWatchFailed(file, error, log),
  });
  await watch.ready;
  // A change between the first reading and now has made no event.
  await models.load();
}

function sayWatchFailed(path: string, error: unknown, log: Log): void {
  const advice = 'changes are seen after a restart; see fs.inotify.max_user_watches';
  log.write('watch-failed', `${path} can’t be watched: ${messageOf(error)}; ${advice}`);
}
