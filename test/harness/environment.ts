import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { findInstallation, type Installation } from '../../scripts/httpd/installation.ts';
import { makePublicFolder } from '../../scripts/httpd/public-folder.ts';
import { stageEngine } from '../../scripts/httpd/staging.ts';
import { makeReadableFolder, Site } from './site.ts';

/** Marks every process that a test's httpd starts: `MUSE_AI_*` is passed on to the engine. */
export const markerName = 'MUSE_AI_TEST_ROOT';

/** One test's own piece of the machine: a ServerRoot in a temporary folder. */
export class Environment {
  readonly installation: Installation = findInstallation();
  readonly serverRoot: string;
  /** The documents. */
  readonly site: Site;
  /** Files beside the configuration: models.json, prompts, certificates. */
  readonly conf: Site;

  constructor() {
    this.serverRoot = makePublicFolder('muse-test-', this.installation.runAs);
    // The server's user has to enter these too: sockets of the engines lie in `run`.
    for (const name of ['run', 'logs']) makeReadableFolder(this.path(name));
    this.site = new Site(this.path('htdocs'));
    this.conf = new Site(this.path('conf'));
  }

  /** A path below the ServerRoot. */
  path(...names: readonly string[]): string {
    return join(this.serverRoot, ...names);
  }

  /** The built engine where the server's user can run it. */
  stagedEngine(): Installation {
    return stageEngine(this.installation);
  }

  remove(): void {
    rmSync(this.serverRoot, { recursive: true, force: true });
  }
}

/**
 * A port that was free a moment ago. httpd can't tell which port it got for 0, so it has to be
 * asked for by number, and the start tried again if somebody else was faster.
 */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
