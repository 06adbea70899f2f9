import {
  type BaseConfig,
  baseConfig,
  baseModules,
  loadModule,
  type Mpm,
  quote,
} from '../../scripts/httpd/base-config.ts';
import { makeCertificate } from './certificate.ts';
import type { Environment } from './environment.ts';

export interface Ports {
  readonly http: number;
  readonly https: number;
}

/** Builds the httpd.conf of a test, piece by piece; `write` puts it into the ServerRoot. */
export class Configuration {
  mpm: Mpm = 'event';
  logLevel = 'info';
  readonly #environment: Environment;
  readonly #modules = new Set<string>(baseModules);
  readonly #lines: string[] = [];
  readonly #tlsLines: string[] = [];
  #processes: readonly string[] | undefined;
  #muse = false;
  #tls = false;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  get usesTls(): boolean {
    return this.#tls;
  }

  /** Loads more of httpd's own modules, named without `mod_`. */
  modules(...names: readonly string[]): this {
    for (const name of names) this.#modules.add(name);
    return this;
  }

  /** Adds lines as they are. */
  lines(...lines: readonly string[]): this {
    this.#lines.push(...lines);
    return this;
  }

  /** Adds a section such as `section('Directory', path, 'Require all granted')`. */
  section(kind: string, argument: string, ...lines: readonly string[]): this {
    return this.lines(`<${kind} ${quote(argument)}>`, ...lines, `</${kind}>`);
  }

  /** Replaces the directives that say how many processes and threads there are. */
  processes(...lines: readonly string[]): this {
    this.#processes = lines;
    return this;
  }

  /** Loads mod_muse_ai with the engine of this build; models go into `conf/models.json`. */
  muse(options: { readonly models?: unknown; readonly lines?: readonly string[] } = {}): this {
    this.#muse = true;
    if (options.models !== undefined) {
      const path = this.#environment.conf.writeJson('models.json', options.models);
      this.lines(`MuseAiModels ${quote(path)}`);
    }
    return this.lines(...(options.lines ?? []));
  }

  /** Serves the same over TLS at a second port, with these lines in its virtual host. */
  tls(...lines: readonly string[]): this {
    this.#tls = true;
    this.modules('socache_shmcb', 'ssl');
    this.#tlsLines.push(...lines);
    return this;
  }

  /** The text of the configuration for these ports. */
  text(ports: Ports): string {
    const { site, installation, serverRoot } = this.#environment;
    const addresses = [ports.http, ...(this.#tls ? [ports.https] : [])];
    const base: BaseConfig = {
      installation,
      serverRoot,
      mpm: this.mpm,
      modules: [...this.#modules],
      listen: addresses.map((port) => `127.0.0.1:${port}`),
      serverName: 'localhost',
      logLevel: this.logLevel,
    };
    return [
      ...baseConfig(base),
      ...(this.#processes ?? defaultProcesses(this.mpm)),
      ...(this.#muse ? this.#loadMuse() : []),
      `DocumentRoot ${quote(site.root)}`,
      '<Directory "/">',
      '  Require all denied',
      '</Directory>',
      `<Directory ${quote(site.root)}>`,
      '  Require all granted',
      '  AllowOverride All',
      '</Directory>',
      ...this.#lines,
      ...(this.#tls ? this.#tlsHost(ports.https) : []),
      '',
    ].join('\n');
  }

  /** Writes the configuration file and returns its path. */
  write(ports: Ports): string {
    return this.#environment.conf.write('httpd.conf', this.text(ports));
  }

  #loadMuse(): string[] {
    const { module } = this.#environment;
    const { node, engine } = this.#environment.stagedEngine();
    return [
      loadModule('muse_ai', module),
      `MuseAiNode ${quote(node)}`,
      `MuseAiEngine ${quote(engine)}`,
    ];
  }

  #tlsHost(port: number): string[] {
    const { conf, site } = this.#environment;
    const { key, cert } = makeCertificate();
    return [
      'SSLSessionCache shmcb:run/tls-sessions(512000)',
      `<VirtualHost 127.0.0.1:${port}>`,
      'ServerName localhost',
      `DocumentRoot ${quote(site.root)}`,
      'SSLEngine On',
      `SSLCertificateFile ${quote(conf.write('cert.pem', cert))}`,
      `SSLCertificateKeyFile ${quote(conf.write('key.pem', key))}`,
      ...this.#tlsLines,
      '</VirtualHost>',
    ];
  }
}

/** Small, but more than one child where there can be: much goes wrong only with two. */
function defaultProcesses(mpm: Mpm): string[] {
  if (mpm === 'prefork') {
    return ['StartServers 4', 'MinSpareServers 2', 'MaxSpareServers 8', 'MaxRequestWorkers 16'];
  }
  return [
    'StartServers 2',
    'ServerLimit 4',
    'ThreadsPerChild 16',
    'MinSpareThreads 16',
    'MaxSpareThreads 64',
    'MaxRequestWorkers 64',
  ];
}
