import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFreePort } from '../../test/harness/environment.ts';
import { workshop } from '../compile.ts';
import { Child } from './child.ts';

/** The version that is measured: figures are to be of one and the same. */
export const portkeyVersion = '1.15.2';
/** Its answers need a version from before 1.19: with those it fails every stream ("immutable"). */
const packages = { '@hono/node-server': '1.9.1' };

export interface Portkey extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** The headers that send a request on to the provider. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Portkey's gateway in front of `provider`, in the Node.js that runs this too. */
export async function startPortkey(provider: string): Promise<Portkey> {
  const program = installPortkey();
  const port = await findFreePort();
  const command = [process.execPath, program, `--port=${port}`, '--headless'];
  // It refuses local addresses unless they are named.
  const env = { NODE_ENV: 'production', TRUSTED_CUSTOM_HOSTS: new URL(provider).hostname };
  const child = await Child.start('the Portkey gateway', port, command, env);
  const headers = {
    authorization: 'Bearer none',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': provider,
  };
  return {
    port,
    pid: child.pid,
    headers,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/**
 * Installs the package beside what the benchmarks build: its 80 packages are no business of those
 * who only want to build or test. Its install scripts (they patch what it was built from) don't run.
 */
function installPortkey(): string {
  const folder = join(workshop, `portkey-${portkeyVersion}`);
  const program = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const overrides = JSON.stringify({ private: true, overrides: packages });
  writeFileSync(join(folder, 'package.json'), overrides);
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--omit=dev', '--loglevel=error'];
  execFileSync('npm', ['install', ...options, `@portkey-ai/gateway@${portkeyVersion}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 180_000,
  });
  return program;
}
