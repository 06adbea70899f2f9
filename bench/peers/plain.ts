import { join } from 'node:path';
import { findFreePort } from '../../test/harness/environment.ts';
import { Child } from './child.ts';

/** The plain server of plain-server.ts, as a process of its own. */
export interface PlainServer extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

export async function startPlainServer(provider: string): Promise<PlainServer> {
  const port = await findFreePort();
  const program = join(import.meta.dirname, 'plain-server.ts');
  const env = { PROVIDER: provider, PORT: String(port) };
  const child = await Child.start('the plain server', port, [process.execPath, program], env);
  return { port, pid: child.pid, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}
