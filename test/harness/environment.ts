import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { findInstallation, type Installation } from '../../scripts/httpd/installation.ts';
import { makePublicFolder } from '../../scripts/httpd/public-folder.ts';
import { stageEngine } from '../../scripts/httpd/staging.ts';
import { coverageVariables, covered, coveredNode } from './coverage.ts';
import {
  prepareSanitizer,
  type Sanitizer,
  sanitized,
  sanitizedNode,
  takeReports,
} from './sanitizer.ts';
import { makeReadableFolder, Site } from './site.ts';

/** Marks every process that a test's httpd starts: `MUSE_AI_*` is passed on to the engine. */
export const markerName = 'MUSE_AI_TEST_ROOT';

/** One test's own piece of the machine: a ServerRoot in a temporary folder. */
export class Environment {
  readonly installation: Installation = covered(sanitized(findInstallation()));
  readonly serverRoot: string;
  /** The documents. */
  readonly site: Site;
  /** Files beside the configuration: models.json, prompts, certificates. */
  readonly conf: Site;
  /** Who watches over httpd, when `MUSE_SANITIZE` asks for it. */
  readonly sanitizer: Sanitizer | undefined;

  constructor() {
    this.serverRoot = makePublicFolder('muse-test-', this.installation.runAs);
    // The server's user has to enter these too: sockets of the engines lie in `run`.
    for (const name of ['run', 'logs']) makeReadableFolder(this.path(name));
    this.site = new Site(this.path('htdocs'));
    this.conf = new Site(this.path('conf'));
    this.sanitizer = prepareSanitizer(this.path('reports'), this.conf);
  }

  /** A path below the ServerRoot. */
  path(...names: readonly string[]): string {
    return join(this.serverRoot, ...names);
  }

  /** The built module; where the server's user can read it, when reports name places in it. */
  get module(): string {
    const { module } = this.installation;
    return this.sanitizer === undefined ? module : this.conf.copy('mod_muse_ai.so', module);
  }

  /** What httpd's environment needs for those who watch it. */
  get variables(): Readonly<Record<string, string>> {
    return { ...coverageVariables(this.installation), ...this.sanitizer?.env };
  }

  /** The built engine where the server's user can run it. */
  stagedEngine(): Installation {
    const staged = stageEngine(this.installation);
    const node = coveredNode(sanitizedNode(staged.node, this.conf), this.conf);
    return { ...staged, node };
  }

  /** Throws with what the sanitizer has found in this httpd, if anything. */
  assertNoReports(): void {
    const found = this.takeReports();
    if (found !== '') throw new Error(`The sanitizer has found:\n${found}`);
  }

  /** What the sanitizer has found in this httpd; from here on it counts as nothing. */
  takeReports(): string {
    return this.sanitizer === undefined ? '' : takeReports(this.path('reports'));
  }

  remove(): void {
    rmSync(this.serverRoot, { recursive: true, force: true });
  }
}

/**
 * Ports that were free a moment ago, each another one. httpd can't tell which port it got for 0, so
 * it has to be asked for by number, and the start tried again if somebody else was faster.
 */
export async function findFreePorts(count: number): Promise<number[]> {
  // All are held until all are known: the kernel may give one that is free again at once.
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

export async function findFreePort(): Promise<number> {
  const [port = 0] = await findFreePorts(1);
  return port;
}

function listenAnywhere(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
