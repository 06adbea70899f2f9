/** The site that the faults are done to: a real httpd with several children, and two providers. */

import type { EngineProcess } from '../harness/engine-process.ts';
import { Httpd } from '../harness/httpd.ts';
import { untilTheyAcceptNobody } from '../harness/old-children.ts';
import type { RunningProcess } from '../harness/processes.ts';
import { isListening } from '../harness/tcp-sockets.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { type ScriptedProvider, startProvider } from '../provider/index.ts';
import { Editions } from './editions.ts';
import { museAiTimeout, timeouts } from './timers.ts';
import { WallClock } from './wall-clock.ts';
import { Weather } from './weather.ts';

export const children = 3;
/** A page file may be read a moment after httpd has looked at it; prompts are watched. */
const pageGraceMs = 200;
const promptGraceMs = 3_000;

export class Stage {
  readonly httpd = new Httpd();
  readonly weather = new Weather();
  readonly editions = new Editions(1, pageGraceMs);
  readonly drafts = new Editions(1, pageGraceMs);
  readonly houses = new Editions(1, promptGraceMs);
  readonly clock: WallClock;
  readonly provider: ScriptedProvider;
  readonly #spare: ScriptedProvider;
  #generation = 0;

  private constructor(provider: ScriptedProvider, spare: ScriptedProvider) {
    this.clock = new WallClock(this.httpd);
    this.provider = provider;
    this.#spare = spare;
  }

  static async open(): Promise<Stage> {
    // A run makes too many requests to remember them.
    const stage = new Stage(
      await startProvider({ remember: 1 }),
      await startProvider({ remember: 1 }),
    );
    stage.#configure();
    await stage.httpd.start();
    await stage.httpd.enginesReady();
    return stage;
  }

  async close(): Promise<void> {
    try {
      await this.httpd.stop();
    } finally {
      await Promise.all([this.provider.close(), this.#spare.close()]);
    }
  }

  /** A child that serves. Those from before a restart may end at any moment. */
  child(below: (end: number) => number): Promise<RunningProcess> {
    return waitUntil('a child that serves', () => {
      const serving = this.httpd.children().filter(({ pid }) => isListening(pid));
      return serving[below(serving.length)];
    });
  }

  /** The engine that serves, once it is alone: one from before a restart may end at any moment. */
  async engine(): Promise<EngineProcess> {
    const alone = (): EngineProcess | false => {
      const [one, ...others] = this.httpd.engines();
      return one !== undefined && others.length === 0 && one;
    };
    return waitUntil('one engine', alone, { timeoutMs: 40_000 });
  }

  /** Ends the connections that the engine keeps to the providers for the next call. */
  async closeConnections(): Promise<void> {
    for (const provider of [this.provider, this.#spare]) {
      await provider.refuse();
      await provider.listen();
    }
  }

  /** The contents of models.json. */
  models(main: Readonly<Record<string, unknown>> = {}): object {
    const common = { endpoint: this.provider.url, api_key: 'a-test-key', timeouts };
    return {
      default_model: 'main',
      models: [
        { name: 'main', ...common, ...main },
        { name: 'guarded', ...common, model: 'main', fallback: ['spare'], ...main },
        { name: 'spare', ...common, endpoint: this.#spare.url },
      ],
    };
  }

  /** Writes the page's file `name` with this number in it, as careful editors do. */
  writePage(name: string, edition: number, frontMatter = ''): void {
    const prompt = `Page {{ query.id }}{{ form.id }} edition ${edition}`;
    this.httpd.site.replace(`${name}.ai`, `${frontMatter}${prompt}\n`);
  }

  writeHouse(number: number): void {
    this.httpd.conf.replace('prompts/system_prompt.txt', `House ${number}.\n`);
  }

  /** A graceful restart with these lines beside the usual ones; waits for the new children. */
  async reload(...lines: readonly string[]): Promise<void> {
    this.#generation += 1;
    this.#writeExtra(lines);
    const old = this.httpd.children();
    process.kill(this.httpd.pid, 'SIGUSR1');
    // Not by the log: it may be what is taken away.
    const wanted = String(this.#generation);
    await waitUntil('children of the new configuration', async () => {
      const result = await this.httpd.get('/static.txt').catch(() => undefined);
      return result?.headers['x-generation'] === wanted;
    });
    await untilTheyAcceptNobody(old);
  }

  #configure(): void {
    const { httpd } = this;
    this.weather.install(this.provider, 'main', 'main');
    this.weather.install(this.#spare, 'spare', 'spare');
    for (const name of ['page', 'cached', 'stale']) this.writePage(name, 1);
    this.writePage('guarded', 1, '---\nmodel: guarded\n---\n');
    this.writePage('draft', 1);
    httpd.conf.write('prompts/layout.txt', 'Plain.\n');
    this.writeHouse(1);
    httpd.site.write('static.txt', 'static\n');
    this.#writeExtra([]);
    httpd.config.muse({ models: this.models() });
    httpd.config.processes(
      `StartServers ${children}`,
      'ServerLimit 12',
      'ThreadsPerChild 32',
      `MaxRequestWorkers ${children * 32}`,
      // While the engine is away all its visitors wait; cached pages need places beside them.
      'AsyncRequestWorkerFactor 20',
      'MinSpareThreads 8',
      `MaxSpareThreads ${children * 32}`,
    );
    // Else httpd itself opens .htaccess for each request, and answers 403 when it can't.
    httpd.config.section('Directory', '/', 'AllowOverride None');
    httpd.config.section(
      'Directory',
      httpd.site.root,
      'MuseAiEnable On',
      'AllowOverride None',
      `MuseAiTimeout ${museAiTimeout}`,
      `MuseAiPromptsDir "${httpd.conf.path('prompts')}"`,
      'MuseAiRateLimitEnable Off',
      'MuseAiCacheTTL 3600',
    );
    httpd.config.section('Files', 'stale.ai', 'MuseAiCacheTTL 1', 'MuseAiCacheStaleOnError 3600');
    httpd.config.lines('MuseAiSharedMemory 256M', 'CustomLog logs/access.log "%s %X %D %U"');
    httpd.config.lines('IncludeOptional conf/extra.conf');
  }

  #writeExtra(lines: readonly string[]): void {
    const own = `Header always set X-Generation ${this.#generation}`;
    this.httpd.conf.write('extra.conf', [own, ...lines, ''].join('\n'));
  }
}
