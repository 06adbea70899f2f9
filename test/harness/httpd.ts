import { HttpdProcess } from '../../scripts/httpd/httpd-process.ts';
import { makeCertificate } from './certificate.ts';
import { checkConfiguration, type Verdict } from './check-configuration.ts';
import { Configuration, type Ports } from './configuration.ts';
import { EngineProcess } from './engine-process.ts';
import { Environment, findFreePorts, markerName } from './environment.ts';
import { ErrorLog } from './error-log.ts';
import type { Exchange, Result } from './exchange.ts';
import { openHttp1, type RequestOptions } from './http1.ts';
import { Http2Client } from './http2.ts';
import { untilTheyAcceptNobody } from './old-children.ts';
import { findMarked, type RunningProcess, signalProcess } from './processes.ts';
import { connectionsTo } from './unix-sockets.ts';
import { waitUntil } from './wait-until.ts';

const ready = /resuming normal operations/;
/** By another process, or by a `Listen` of the test's own. */
const portTaken = /Address already in use|multiple Listeners on the same IP:port/;
const supervisorName = 'muse-ai-super';

/** A private httpd for one test: configure, start, request, assert. */
export class Httpd {
  readonly environment = new Environment();
  readonly config = new Configuration(this.environment);
  readonly log = new ErrorLog(this.environment.path('logs', 'error.log'));
  /** Variables for httpd itself, on top of PATH and the harness's mark. */
  readonly env: Record<string, string> = {};
  #process: HttpdProcess | undefined;
  #ports: Ports = { http: 0, https: 0 };

  /** The documents. */
  get site() {
    return this.environment.site;
  }

  /** Files beside the configuration. */
  get conf() {
    return this.environment.conf;
  }

  get port(): number {
    return this.#ports.http;
  }

  get tlsPort(): number {
    return this.#ports.https;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get tlsUrl(): string {
    return `https://localhost:${this.tlsPort}`;
  }

  /** The process id of httpd's parent. */
  get pid(): number {
    return this.#running().pid;
  }

  /** Starts httpd and waits until it serves. Rejects with what it said when it does not start. */
  async start(): Promise<this> {
    for (let attempt = 1; ; attempt += 1) {
      const failure = await this.#tryStart();
      if (failure === undefined) return this;
      const taken = portTaken.test(failure);
      if (!taken || attempt === 5) throw new Error(`httpd did not start: ${failure}`);
    }
  }

  /** Expects that httpd does not start, and returns what it says why. */
  async startFailure(): Promise<string> {
    const failure = await this.#tryStart();
    if (failure === undefined) throw new Error('httpd started, though it should not have');
    return failure;
  }

  /** Lets httpd look at the configuration without a start. Any port will do: nobody listens. */
  check(): Promise<Verdict> {
    const config = this.config.write({ http: 80, https: 443 });
    const { installation, sanitizer, variables } = this.environment;
    const command = [...(sanitizer?.launcher ?? []), installation.httpd];
    return checkConfiguration(command, config, variables);
  }

  /** The connections of httpd's children to the engines, or to one, that stand now: inodes. */
  engineConnections(engine?: number): string[] {
    const one = engine === undefined ? '' : `${this.pid}.${engine}.`;
    return connectionsTo(this.environment.path('run', `muse-ai.${one}`));
  }

  /** Reads the configuration again with SIGUSR1; waits until only new children take requests. */
  async graceful(): Promise<void> {
    await this.#reload('SIGUSR1');
  }

  /** Reads the configuration again with SIGHUP: requests under way are broken off. */
  async restart(): Promise<void> {
    await this.#reload('SIGHUP');
  }

  /** Stops httpd and waits until it and every process that it started are gone. */
  async stop(): Promise<void> {
    for (const { pid, state } of this.processes()) {
      if (state.toUpperCase() === 'T') signalProcess(pid, 'SIGCONT');
    }
    const running = this.#process;
    this.#process = undefined;
    if (running?.exit === undefined) running?.signal('SIGTERM');
    else this.#endOrphans();
    try {
      await waitUntil(
        () => `these processes to end after SIGTERM: ${describe(this.processes())}`,
        () => this.processes().length === 0,
      );
    } finally {
      for (const { pid } of this.processes()) signalProcess(pid, 'SIGKILL');
    }
    await running?.exited;
  }

  /** Kills httpd's parent with SIGKILL, as the kernel does when memory runs out. */
  async killParent(): Promise<void> {
    const running = this.#running();
    // It leaves its PidFile behind, which httpd says if it is started again.
    this.log.allow('AH00098');
    running.signal('SIGKILL');
    await running.exited;
  }

  /** Every process that this httpd has started and that still runs. */
  processes(): RunningProcess[] {
    return findMarked(markerName, this.environment.serverRoot);
  }

  /** httpd's children that serve requests. */
  children(): RunningProcess[] {
    const { pid } = this.#running();
    return this.processes().filter((one) => one.parent === pid && one.name !== supervisorName);
  }

  /** The supervisors of engines: one, or two for a while after a restart. */
  supervisors(): RunningProcess[] {
    return this.processes().filter((one) => one.name === supervisorName);
  }

  /** The engines that run now. */
  engines(): EngineProcess[] {
    return this.processes()
      .filter(({ command }) => command.some((word) => word.endsWith('/engine.js')))
      .map(({ pid }) => new EngineProcess(pid));
  }

  /**
   * Waits until the engines have said that they are ready, `count` of them since the start.
   * Requests need not wait for that; but before it, httpd knows none of the models.
   */
  async enginesReady(count = 1): Promise<void> {
    await this.log.waitFor(/MUSE0020: engine \d+ is ready/, { count });
  }

  /** The one engine, once it runs; `after` waits for another one than that. */
  async engine(after?: EngineProcess): Promise<EngineProcess> {
    return waitUntil('an engine', () => this.engines().find(({ pid }) => pid !== after?.pid));
  }

  /** Sends a request, over TLS if `options.ca` or the whole URL says so, and returns at once. */
  open(path: string, options: RequestOptions = {}): Exchange {
    const url = path.startsWith('http') ? path : this.url + path;
    return openHttp1(
      url,
      url.startsWith('https') ? { ca: makeCertificate().cert, ...options } : options,
    );
  }

  /** Sends a request and waits for the whole answer. */
  get(path: string, options: RequestOptions = {}): Promise<Result> {
    return this.open(path, options).done;
  }

  /** Opens a connection for HTTP/2: over TLS when it is configured, else h2c. */
  http2(): Http2Client {
    if (!this.config.usesTls) return new Http2Client(this.url);
    return new Http2Client(this.tlsUrl, makeCertificate().cert);
  }

  async #tryStart(): Promise<string | undefined> {
    if (this.#process !== undefined) throw new Error('httpd runs already');
    const [http = 0, https = 0] = await findFreePorts(2);
    this.#ports = { http, https };
    const mark = this.log.mark();
    const { installation, sanitizer } = this.environment;
    const launched = new HttpdProcess({
      httpd: installation.httpd,
      launcher: sanitizer?.launcher ?? [],
      config: this.config.write(this.#ports),
      env: {
        PATH: process.env.PATH,
        LANG: 'C.UTF-8',
        [markerName]: this.environment.serverRoot,
        ...this.environment.variables,
        ...this.env,
      },
    });
    const answer = await waitUntil(
      () => `httpd to start; its error log is:\n${this.log.text}${launched.stderr}`,
      () => (this.log.matching(ready, mark).length > 0 ? 'ready' : launched.exit),
    );
    if (answer === 'ready') {
      this.#process = launched;
      return undefined;
    }
    const said = this.log.lines.slice(mark).map((line) => line.whole);
    return [answer.stderr, ...said].join('\n').trim();
  }

  async #reload(signal: NodeJS.Signals): Promise<void> {
    this.config.write(this.#ports);
    const mark = this.log.mark();
    const old = this.children();
    this.#running().signal(signal);
    await this.log.waitFor(ready, { mark });
    await untilTheyAcceptNobody(old);
  }

  /** The children of a killed parent serve on for ever: they take orders from it alone. */
  #endOrphans(): void {
    const { httpd } = this.environment.installation;
    for (const { pid, command, name } of this.processes()) {
      if (command[0] === httpd && name !== supervisorName) signalProcess(pid, 'SIGKILL');
    }
  }

  #running(): HttpdProcess {
    if (this.#process === undefined) throw new Error('httpd does not run: call start() first');
    return this.#process;
  }
}

function describe(processes: readonly RunningProcess[]): string {
  return processes
    .map(({ pid, state, command }) => `${pid} (${state}) ${command.join(' ')}`)
    .join(', ');
}
