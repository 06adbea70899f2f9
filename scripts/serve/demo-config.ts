import { join } from 'node:path';
import { baseConfig, baseModules, loadModule, quote } from '../httpd/base-config.ts';
import type { Installation } from '../httpd/installation.ts';
import type { RunFolder } from './run-folder.ts';

export interface DemoConfig {
  readonly installation: Installation;
  readonly folder: RunFolder;
  readonly addresses: readonly string[];
  readonly passEnv: readonly string[];
}

/** The demo's httpd.conf: what a distribution would have set up, then `demo/httpd.conf`. */
export function demoConfig({ installation, folder, addresses, passEnv }: DemoConfig): string {
  return [
    '# Written anew at each start. What is about mod_muse_ai is in demo/httpd.conf.',
    ...baseConfig({
      installation,
      serverRoot: folder.root,
      mpm: 'event',
      modules: baseModules,
      listen: addresses,
      serverName: 'localhost',
      logLevel: 'notice muse_ai:info',
    }),
    // The engine's socket lies there, and httpd's children must be able to reach it.
    `DefaultRuntimeDir ${quote(folder.served.run)}`,
    'LogFormat "%m %U%q %>s %{ms}T ms %{Cache-Status}o %{muse-model}n" demo',
    'CustomLog logs/access.log demo',
    loadModule('muse_ai', installation.module),
    `MuseAiNode ${quote(installation.node)}`,
    `MuseAiEngine ${quote(installation.engine)}`,
    ...passEnv.map((name) => `PassEnv ${name}`),
    `Define DEMO ${quote(folder.served.demo)}`,
    `Define RUN ${quote(folder.served.run)}`,
    `Include ${quote(join(folder.served.demo, 'httpd.conf'))}`,
    '',
  ].join('\n');
}
